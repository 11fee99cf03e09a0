/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  notRunnable: ['This model cannot be run here', 'Dieses Modell kann hier nicht ausgeführt werden'],
  tensors: ['Tensors', 'Tensoren'],
  dtype: ['type', 'Typ'],
  inputs: ['Inputs', 'Eingaben'],
  outputs: ['Outputs', 'Ausgaben'],
  operators: ['Operators', 'Operatoren'],
  operator: ['operator', 'Operator'],
  metadata: ['Metadata', 'Metadaten'],
  filter: ['Filter by name', 'Nach Namen filtern'],
  notRead: ['not read', 'nicht gelesen'],
  remarks: ['remarks', 'Bemerkungen'],
  moreTensors: (n: number) => [
    `${count(n)} more; filter to see them`,
    `${count(n)} weitere; ein Filter zeigt sie`,
  ],
});
