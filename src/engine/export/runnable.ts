import { UserError } from '../../base/user-error';
import type { FlowModel } from '../model/flow-model';
import type { Model } from '../model/model';

/** The flow of a model. @throws UserError with the reason why there is none that can be run */
export async function runnableFlow(model: Model): Promise<FlowModel> {
  if (model.flow) return model.flow;
  const { reason } = await model.summary();
  throw new UserError(`${model.file}: cannot be exported. ${reason ?? 'Open a Flowscope checkpoint.'}`);
}
