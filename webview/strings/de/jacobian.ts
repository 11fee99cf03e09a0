/** Texte des Reiters Jacobi-Matrix. */
import type { jacobian as english } from '../en/jacobian';

export const jacobian: typeof english = {
  centralDifferences: (step: string, error: string) =>
    `Zentrale Differenzen, Schrittweite h = ${step}: Der Graph einer ONNX-Datei hat keine Gradienten. Kein Eintrag weicht um mehr als etwa ${error} ab.`,
  jacobianTitle: '∂y/∂x dieser Schicht',
  jacobianWhole: 'alle Elemente',
  jacobianBlock: (k) => `${k} Elemente um das markierte`,
  byGradients: 'durch automatisches Differenzieren beim Beispiel',
  byDifferences: 'durch zentrale Differenzen beim Beispiel',
  jacobianRows: 'Zeilen: Ausgänge y, Spalten: Eingänge x',
  blockSize: 'Elemente des Blocks',
  elementOrder: 'Reihenfolge',
  passingFirst: 'Durchgehende zuerst',
  ownOrder: 'eigene',
  diagonal: 'Diagonale',
  diagonalNote: 'neben dem, was s und die Normalisierung sagen: eˢ/σ',
  element: 'Element',
  fromJacobian: '∂y/∂x',
  fromScale: 'eˢ/σ',
  largestDifference: 'größter Unterschied, relativ',
  determinant: 'ln|det| aus LU',
  claimedWhole: 'Log-Determinante, die die Schicht angibt',
  claimedBlock: 'Σ (s − ln σ) dieser Elemente',
  noJacobianHere: 'Keine Jacobi-Matrix',
  noJacobian: 'Diese Schicht ordnet nur um',
  noJacobianWhy: 'Ihre Jacobi-Matrix ist eine Permutation der Einheitsmatrix; ihre Log-Determinante ist 0.',
  runningOnly:
    'Mit laufenden Statistiken: mit denen eines Batches ist eine Schicht keine Abbildung eines Beispiels allein.',
  triangular:
    'Wo nichts bewegt wird, stehen die Zeilen der Einheitsmatrix, und was bewegt wird, hängt von sich selbst nur über eˢ ab: sortiert ist die Matrix eine Dreiecksmatrix.',
  jacobianHint: 'Auf eine Zelle zeigen oder die Pfeiltasten benutzen, um sie zu lesen',
};
