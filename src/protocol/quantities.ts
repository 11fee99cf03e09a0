/** What a layer computes besides its output, as data that views go by: they ask for a role, never for a name. */

/** `logScale`: ln of the factor from data to latent, nats. `shift`: what is added or subtracted, in the units of the layer's values. */
export const quantityRoles = ['logScale', 'shift'] as const;
export type QuantityRole = (typeof quantityRoles)[number];

/** A value for each element of the layer, zero where the element passes unchanged. */
export interface Quantity {
  /** As people write it, for example "s". */
  name: string;
  role: QuantityRole;
}

/** What a tensor of a layer is: its input, its output, latents that leave the flow, or a quantity. */
export const tensorRoles = ['input', ...quantityRoles, 'output', 'latent'] as const;
export type TensorRole = (typeof tensorRoles)[number];

/** Whether a tensor says something only of the elements that are transformed. */
export function isQuantity(role: TensorRole | undefined): role is QuantityRole {
  return (quantityRoles as readonly (TensorRole | undefined)[]).includes(role);
}
