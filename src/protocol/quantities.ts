/** What a layer computes beside its output, as data that views go by: they ask for a role, never for a name. */

/**
 * `logScale`: ln of the factor from data to latent, nats. `shift`: what is added or subtracted, in the units of the
 * layer's values.
 */
export type QuantityRole = 'logScale' | 'shift';

/** A value for each element of the layer, zero where the element passes unchanged. */
export interface Quantity {
  /** As people write it, for example "s". */
  name: string;
  role: QuantityRole;
}
