/** What modules of zuko say of themselves, in models that were saved as a whole. */
import { contextFacts } from '../../import/context-net';
import { activationFact, located } from '../../import/module-facts';
import type { ModuleFact, ModuleReader } from '../../import/types';
import { lastName, PythonObject, type PythonModule } from '../../pickle/python-object';

/** What a layer does to a feature: a class or function, or one with arguments. @param shapes of what these take */
function univariateFacts(name: string, univariate: unknown, shapes: unknown): ModuleFact[] {
  const isPartial = univariate instanceof PythonObject && univariate.className === 'functools.partial';
  const kind = lastName(isPartial ? univariate.args[0] : univariate);
  const keywords = isPartial ? univariate.get('keywords') : undefined;
  const keyword = (argument: string, fallback: number): number => {
    const value: unknown = keywords instanceof Map ? keywords.get(argument) : undefined;
    return typeof value === 'number' ? value : fallback;
  };
  /** Asked where the number of values leaves it open. */
  const of = (value: string): ModuleFact => ({ key: 'univariate', value });
  const bound = { key: 'bound', value: keyword('bound', 5) };
  const slope = { key: 'slope', value: keyword('slope', 1e-3) };
  switch (kind) {
    case 'MonotonicRQSTransform':
      return [of(kind), bound, slope];
    case 'CircularRQSTransform':
      return [of('MonotonicRQSTransform'), slope];
    case 'BoundedBernsteinTransform':
      return [of(kind), bound];
    case 'ShiftedSOSPTransform': {
      const [coefficients] = Array.isArray(shapes) ? (shapes as unknown[]) : [];
      const [, terms] = Array.isArray(coefficients) ? (coefficients as unknown[]) : [];
      if (typeof terms !== 'number') return [`${name} with the shapes of its coefficients`];
      return [of(`SOSPolynomialTransform:${terms - 1}`), slope];
    }
    case 'GaussianizationTransform':
      return [of(kind)];
    case 'MonotonicAffineTransform':
      return slope.value === 1e-3 ? [] : [`${name} with slope 0.001 (the file has another one)`];
    case 'AdditiveTransform':
      return [];
    default:
      return [`${name} with a univariate that Flowscope computes (the file has ${kind ?? 'another one'})`];
  }
}

/** What the importer tells by its tensors; others may have none. */
const withTensors: ReadonlySet<string> = new Set(['PermutationTransform', 'AffineTransform']);

export const zukoModules: ModuleReader = (modules) => [
  ...modules.flatMap((module) => located(module, factsOf(module))),
  ...contextFacts(modules),
];

function factsOf({ name, object }: PythonModule): ModuleFact[] {
  if (
    object.className.startsWith('torch.nn.modules.activation.') &&
    /\.(hyper\.\d+(\.\d+)?|ode\.\d+)$/.test(name)
  ) {
    return activationFact(object);
  }
  if (!object.className.startsWith('zuko.')) return [];
  // What an UnconditionalTransform or UnconditionalDistribution makes of its arguments.
  const made = lastName(object.get('f'));
  if (made === 'LULinearTransform' || made === 'RotationTransform') return [{ key: 'mixing', value: made }];
  if (made === 'DiagNormal' || made === 'BoxUniform') return [{ key: 'base', value: made }];
  if (made === 'SoftclipTransform' && object.get('bound') === 11) return [];
  if (made?.endsWith('Transform') && !withTensors.has(made))
    return [`${name} of a kind that is known (the file has ${made})`];
  const univariate = object.get('univariate');
  return univariate === undefined ? [] : univariateFacts(name, univariate, object.get('shapes'));
}
