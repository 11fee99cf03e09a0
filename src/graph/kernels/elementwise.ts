/** Kernels that work element by element, with broadcasting. */
import { broadcastShapes } from '../ir';
import { shaped, type KernelRule, type KernelRules } from './rule';

export const unaryNames = [
  'Abs', 'Atan', 'ClipByValue', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'LeakyRelu', 'Log', 'Log1p', 'Neg', 'Reciprocal', 'Relu',
  'Rsqrt', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Sqrt', 'Square', 'Step', 'Tanh',
] as const; // prettier-ignore

export const binaryNames = [
  'Add', 'FloorDiv', 'Maximum', 'Minimum', 'Multiply', 'Pow', 'RealDiv', 'Sub',
] as const; // prettier-ignore

/** Operations whose result at a place is of its inputs at that place, and is a number. */
export const arithmeticNames: ReadonlySet<string> = new Set([...unaryNames, ...binaryNames]);

export const comparisonNames = [
  'Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr',
] as const; // prettier-ignore

export const predicateNames = ['IsFinite', 'LogicalNot'] as const;

/** Everything that works element by element, whatever the layout. */
export const elementwiseNames: ReadonlySet<string> = new Set([
  ...unaryNames,
  ...binaryNames,
  ...comparisonNames,
  ...predicateNames,
  'AddN',
  'Cast',
  'EluGrad',
  'ReluGrad',
  'Select',
]);

const unary = shaped(['x'], ([x], attrs) => [x!.shape, attrs]);

const binary = shaped(['a', 'b'], ([a, b]) => [broadcastShapes(a!.shape, b!.shape)]);

const comparison = shaped(['a', 'b'], ([a, b]) => [broadcastShapes(a!.shape, b!.shape)], 'bool');

const predicate = shaped(['x'], ([x]) => [x!.shape], 'bool');

const each = (names: readonly string[], rule: KernelRule): KernelRules =>
  Object.fromEntries(names.map((name) => [name, rule]));

export const elementwiseRules: KernelRules = {
  ...each(unaryNames, unary),
  ...each(binaryNames, binary),
  ...each(comparisonNames, comparison),
  ...each(predicateNames, predicate),
  EluGrad: shaped(['dy', 'y'], ([dy]) => [dy!.shape]),
  Select: {
    inputs: ['condition', 't', 'e'],
    infer: ([condition, t, e]) => ({
      outputs: [{ shape: broadcastShapes(condition!.shape, t!.shape, e!.shape), dtype: t!.dtype }],
    }),
  },
  AddN: shaped('list', ([first]) => [first!.shape]),
};
