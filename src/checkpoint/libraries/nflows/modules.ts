/** What modules of nflows say of themselves, in models that were saved as a whole; glasflow's are the same. */
import { conditionalBaseFacts } from '../../import/conditional-base';
import { contextFacts } from '../../import/context-net';
import { activationFact, argumentFact, fixedArgument, located, splineFacts } from '../../import/module-facts';
import type { ModuleFact, ModuleReader } from '../../import/types';
import { lastName, type PythonModule } from '../../pickle/python-object';

export const nflowsModules: ModuleReader = (modules) => {
  const root = modules[0]!.object.className;
  // A part of its density is of discrete data.
  if (/^sbi\..*\.Mixed\w+$/.test(root))
    return ['a flow alone (this one is beside an estimator of discrete data)'];
  return [...modules.flatMap((module) => located(module, factsOf(module, root))), ...contextFacts(modules)];
};

/** Classes of transforms that are read; others may look like these by their tensors, or have none. */
const known: ReadonlySet<string | undefined> = new Set([
  ...['CompositeTransform', 'InverseTransform', 'MultiscaleCompositeTransform'],
  ...['AffineCouplingTransform', 'AdditiveCouplingTransform', 'PiecewiseRationalQuadraticCouplingTransform'],
  ...['MaskedAffineAutoregressiveTransform', 'MaskedPiecewiseRationalQuadraticAutoregressiveTransform'],
  ...['PiecewiseRationalQuadraticCDF', 'PointwiseAffineTransform', 'AffineTransform', 'BatchNorm', 'ActNorm'],
  ...['LULinear', 'QRLinear', 'SVDLinear', 'NaiveLinear', 'HouseholderSequence', 'OneByOneConvolution'],
  ...['Permutation', 'RandomPermutation', 'ReversePermutation', 'SqueezeTransform'],
]);
/** The networks of autoregressive transforms are in the same package. */
const inTransforms = /^(nflows|glasflow|nessai)\.(?!.*\.made\.)(.*\.)?transforms\./;

function factsOf(module: PythonModule, root: string): ModuleFact[] {
  const { name, object } = module;
  const ofBase = conditionalBaseFacts(module);
  if (ofBase) return ofBase;
  if (inTransforms.test(object.className) && !known.has(lastName(object)))
    return [`${name} of a class that Flowscope computes (the file has ${lastName(object)})`];
  if (!/^(nflows|glasflow)\./.test(object.className)) return [];
  // A network has it as an attribute of itself, of its blocks, or both.
  const activation: ModuleFact[] = activationFact(object.get('activation'));
  switch (lastName(object)) {
    case 'PiecewiseRationalQuadraticCouplingTransform':
    case 'MaskedPiecewiseRationalQuadraticAutoregressiveTransform':
      return [{ key: 'splineKind', value: 'rational-quadratic' }, ...splineFacts(module)];
    case 'AffineCouplingTransform':
      // glasflow before 0.3 has it as a word.
      if (object.get('scaling_method') === 'wide')
        return [{ key: 'scaleActivation', value: 'softplus-clamp' }];
      // A function of another name cannot be pickled: the versions that have one keep lambdas.
      return object.get('scale_activation') === undefined
        ? [{ key: 'scaleActivation', value: 'sigmoid' }]
        : [];
    case 'MaskedAffineAutoregressiveTransform':
      return [
        ...fixedArgument(module, '_epsilon', 1e-3),
        // sbi has never run with an nflows before 0.14, whose scale was another one.
        ...(root.startsWith('sbi.') ? [{ key: 'scaleActivation', value: 'softplus' }] : []),
      ];
    case 'LULinear':
    case 'BatchNorm':
      return fixedArgument(module, 'eps', lastName(object) === 'LULinear' ? 1e-3 : 1e-5);
    case 'SVDLinear':
      return argumentFact(module, 'eps', 'eps');
    case 'SqueezeTransform':
      return fixedArgument(module, 'factor', 2);
    case 'Flow':
    case 'StandardNormal':
      return [];
    default:
      return activation;
  }
}
