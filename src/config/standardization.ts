/** Per feature, in data units: what is subtracted and what is divided by. */
export interface Standardization {
  mean: number[];
  std: number[];
}
