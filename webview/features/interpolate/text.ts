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
  acrossDown: 'φ′ grows across, φ downwards',
  angles:
    'φ′ turns z₁ into z₂ and z₃ into z₄, φ the first two into the last two. A quarter stops there, a circle goes on through −z.',
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
  acrossDown: 'φ′ wächst nach rechts, φ nach unten',
  angles:
    'φ′ dreht z₁ in z₂ und z₃ in z₄, φ die ersten beiden in die letzten beiden. Ein Viertel endet dort, ein Kreis geht weiter durch −z.',
  manifold: 'Die Mannigfaltigkeit der vier Beispiele',
  angleSlider: (name: string) => `Winkel ${name}`,
  point: (phi: string, prime: string) => `φ ${phi}, φ′ ${prime}`,
  pointLength: (phi: string, prime: string, length: string) => `φ ${phi}, φ′ ${prime}, |z| ${length}`,
  degrees: (value: number) => `${decimal(String(Number(value.toFixed(1))))}°`,
};

export const text = inLanguage(english, german);
