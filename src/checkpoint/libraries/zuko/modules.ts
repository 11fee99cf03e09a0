/** What modules of zuko say of themselves, in models that were saved as a whole. */
import { contextFacts } from '../../import/context-net';
import { activationFact, located } from '../../import/module-facts';
import type { ModuleFact, ModuleReader } from '../../import/types';
import { lastName, PythonObject, type PythonModule } from '../../pickle/python-object';

/** Where its number of values leaves that open. */
const spline: ModuleFact = { key: 'univariate', value: 'MonotonicRQSTransform' };

/** What a layer does to a feature: a class or function, or one with arguments. */
function univariateFacts(name: string, univariate: unknown): ModuleFact[] {
  const isPartial = univariate instanceof PythonObject && univariate.className === 'functools.partial';
  const kind = lastName(isPartial ? univariate.args[0] : univariate);
  const keywords = isPartial ? univariate.get('keywords') : undefined;
  const given = (argument: string, fallback: number): number => {
    const value: unknown = keywords instanceof Map ? keywords.get(argument) : undefined;
    return typeof value === 'number' ? value : fallback;
  };
  switch (kind) {
    case 'MonotonicRQSTransform':
      return [
        spline,
        { key: 'bound', value: given('bound', 5) },
        { key: 'slope', value: given('slope', 1e-3) },
      ];
    case 'BoundedBernsteinTransform':
      return [
        { key: 'univariate', value: kind },
        { key: 'bound', value: given('bound', 5) },
      ];
    case 'CircularRQSTransform':
      return [spline, { key: 'slope', value: given('slope', 1e-3) }];
    case 'MonotonicAffineTransform':
      return given('slope', 1e-3) === 1e-3 ? [] : [`${name} with slope 0.001 (the file has another one)`];
    case 'AdditiveTransform':
      return [];
    default:
      return [`${name} with a univariate that Flowscope computes (the file has ${kind ?? 'another one'})`];
  }
}

export const zukoModules: ModuleReader = (modules) => [
  ...modules.flatMap((module) => located(module, factsOf(module))),
  ...contextFacts(modules),
];

function factsOf({ name, object }: PythonModule): ModuleFact[] {
  if (object.className.startsWith('torch.nn.modules.activation.') && /\.hyper\.\d+$/.test(name)) {
    return activationFact(object);
  }
  if (!object.className.startsWith('zuko.')) return [];
  // What an UnconditionalTransform or UnconditionalDistribution makes of its arguments.
  const made = lastName(object.get('f'));
  if (made === 'LULinearTransform' || made === 'RotationTransform') return [{ key: 'mixing', value: made }];
  if (made === 'DiagNormal' || made === 'BoxUniform') return [{ key: 'base', value: made }];
  return object.get('univariate') === undefined ? [] : univariateFacts(name, object.get('univariate'));
}
