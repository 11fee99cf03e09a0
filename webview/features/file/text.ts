/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  notRunnable: 'This model cannot be run here',
  tensors: 'Tensors',
  dtype: 'type',
  inputs: 'Inputs',
  outputs: 'Outputs',
  operators: 'Operators',
  operator: 'operator',
  metadata: 'Metadata',
  filter: 'Filter by name',
  notRead: 'not read',
  remarks: 'remarks',
  moreTensors: (n: number) => `${count(n)} more; filter to see them`,
};

export const german: typeof english = {
  notRunnable: 'Dieses Modell kann hier nicht ausgeführt werden',
  tensors: 'Tensoren',
  dtype: 'Typ',
  inputs: 'Eingaben',
  outputs: 'Ausgaben',
  operators: 'Operatoren',
  operator: 'Operator',
  metadata: 'Metadaten',
  filter: 'Nach Namen filtern',
  notRead: 'nicht gelesen',
  remarks: 'Bemerkungen',
  moreTensors: (n: number) => `${count(n)} weitere; ein Filter zeigt sie`,
};

export const text = inLanguage(english, german);
