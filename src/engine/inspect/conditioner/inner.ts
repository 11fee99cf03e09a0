import { UserError } from '../../../base/user-error';
import type { InnerPrograms, InspectedFlow } from '../../model/inspected-flow';

/** @param what as in "Its Jacobian" @throws UserError for flows that were found in a graph */
export function innerOf(model: InspectedFlow, what: string): InnerPrograms {
  if (model.inner) return model.inner;
  throw new UserError(
    `${what} cannot be had from an ONNX file: it holds a fixed graph without gradients, and the parts of its networks are not ` +
      'told apart. Open the checkpoint that the file was exported from.',
  );
}
