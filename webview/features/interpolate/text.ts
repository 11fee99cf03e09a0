/** Texts of this feature, in English and in German. */
import { decimal } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  interpolate: 'Interpolate',
  fourExamples: 'The four examples',
  formula: 'z = cos φ (cos φ′ z₁ + sin φ′ z₂) + sin φ (cos φ′ z₃ + sin φ′ z₄)',
  angleRange: 'How far the angles go',
  circle: 'circle',
  quarter: 'quarter',
  angleCount: 'Angles a side',
  acrossDown: 'φ′ across, φ downwards',
  manifold: 'The manifold of the four examples',
  angleSlider: (name: string) => `Angle ${name}`,
  point: (phi: string, prime: string) => `φ ${phi}, φ′ ${prime}`,
  pointLength: (phi: string, prime: string, length: string) => `φ ${phi}, φ′ ${prime}, |z| ${length}`,
  degrees: (value: number) => `${Number(value.toFixed(1))}°`,
};

export const german: typeof english = {
  interpolate: 'Interpolieren',
  fourExamples: 'Die vier Beispiele',
  formula: 'z = cos φ (cos φ′ z₁ + sin φ′ z₂) + sin φ (cos φ′ z₃ + sin φ′ z₄)',
  angleRange: 'Wie weit die Winkel gehen',
  circle: 'Kreis',
  quarter: 'Viertel',
  angleCount: 'Winkel je Seite',
  acrossDown: 'φ′ nach rechts, φ nach unten',
  manifold: 'Die Mannigfaltigkeit der vier Beispiele',
  angleSlider: (name: string) => `Winkel ${name}`,
  point: (phi: string, prime: string) => `φ ${phi}, φ′ ${prime}`,
  pointLength: (phi: string, prime: string, length: string) => `φ ${phi}, φ′ ${prime}, |z| ${length}`,
  degrees: (value: number) => `${decimal(String(Number(value.toFixed(1))))}°`,
};

export const text = inLanguage(english, german);
