/** Texts of this feature, in English and in German. */
import { decimal, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  interpolate: ['Interpolate', 'Interpolieren'],
  fourExamples: ['The four examples', 'Die vier Beispiele'],
  formula: 'z = cos φ (cos φ′ z₁ + sin φ′ z₂) + sin φ (cos φ′ z₃ + sin φ′ z₄)',
  angleRange: ['How far the angles go', 'Wie weit die Winkel gehen'],
  circle: ['circle', 'Kreis'],
  quarter: ['quarter', 'Viertel'],
  angleCount: ['Angles a side', 'Winkel je Seite'],
  acrossDown: ['φ′ grows across, φ downwards', 'φ′ wächst nach rechts, φ nach unten'],
  angles: [
    'φ′ turns z₁ into z₂ and z₃ into z₄, φ the first two into the last two. A quarter stops there, a circle goes on through −z.',
    'φ′ dreht z₁ in z₂ und z₃ in z₄, φ die ersten beiden in die letzten beiden. Ein Viertel endet dort, ein Kreis geht weiter durch −z.',
  ],
  manifold: ['The manifold of the four examples', 'Die Mannigfaltigkeit der vier Beispiele'],
  angleSlider: (name: string) => [`Angle ${name}`, `Winkel ${name}`],
  point: (phi: string, prime: string) => `φ ${phi}, φ′ ${prime}`,
  pointLength: (phi: string, prime: string, length: string) => `φ ${phi}, φ′ ${prime}, |z| ${length}`,
  degrees: (value: number) => [
    `${Number(value.toFixed(1))}°`,
    `${decimal(String(Number(value.toFixed(1))))}°`,
  ],
});
