/** What modules of normflows say of themselves, in models that were saved as a whole. */
import { conditionalBaseFacts } from '../../import/conditional-base';
import { activationFact, argumentFact, fixedArgument, splineFacts } from '../../import/module-facts';
import type { ModuleFact, ModuleReader } from '../../import/types';
import { lastName, type PythonModule } from '../../pickle/python-object';

export const normflowsModules: ModuleReader = (modules) => {
  const last = modules.findLast(({ name }) => /(^|\.)flows\.\d+$/.test(name));
  const ends: ModuleFact = { key: 'lastPermute', value: last && isSwap(last) ? 'yes' : 'no' };
  const names = new Set(modules.map(({ name }) => name));
  return [...modules.flatMap((module) => factsOf(module, names)), ends];
};

/** A permutation that leaves no tensors. */
function isSwap({ object }: PythonModule): boolean {
  return lastName(object) === 'Permute' && object.get('mode') === 'swap';
}

function factsOf(module: PythonModule, names: ReadonlySet<string>): ModuleFact[] {
  const { name, object } = module;
  const ofBase = conditionalBaseFacts(module);
  if (ofBase) return ofBase;
  if (/(^|\.)transform$/.test(name) && object.className.startsWith('normflows.transforms.'))
    return [`a MultiscaleFlow without a transform (the file has ${lastName(object)})`];
  switch (object.className.startsWith('torch.nn.modules.activation.') ? 'activation' : lastName(object)) {
    case 'activation':
      // The activation of a ResidualNet or MADE.
      if (name.endsWith('.activation')) return activationFact(object);
      // In an MLP, the hidden ones are LeakyReLU, and a last one only follows the networks of scales.
      if (lastName(object) === 'LeakyReLU') {
        const [, at] = /^(.*\.)t\.net\.\d+$/.exec(name) ?? [];
        const besideS = at !== undefined && names.has(`${at}s.net`);
        return argumentFact(module, 'negative_slope', besideS ? 'shiftSlope' : 'slope');
      }
      return /\.s\.net\.\d+$/.test(name)
        ? [{ key: 'scaleOutput', value: lastName(object)!.toLowerCase() }]
        : [`${name} without a last function (the file has ${lastName(object)})`];
    case 'ClampExp':
      return [`${name} without a last function (the file has ClampExp)`];
    case 'PeriodicWrap':
    case 'PeriodicShift':
      return [`${name} of a class that Flowscope computes (the file has ${lastName(object)})`];
    case 'AffineCoupling':
      return argumentFact(module, 'scale_map', 'scaleMap');
    case 'Uniform':
      return [
        { key: 'base', value: 'Uniform' },
        ...argumentFact(module, 'low', 'low'),
        ...argumentFact(module, 'high', 'high'),
      ];
    case 'GlowBase':
      return argumentFact(module, 'logscale_factor', 'logscaleFactor');
    case 'Merge':
      // Those of blocks are as their splits.
      return /(^|\.)merges\.\d+$/.test(name) ? fixedArgument(module, 'mode', 'channel') : [];
    case 'Split':
      return argumentFact(module, 'mode', 'splitMode');
    case 'PiecewiseRationalQuadraticCoupling':
    case 'MaskedPiecewiseRationalQuadraticAutoregressive':
      return splineFacts(module);
    case 'Permute':
      return isSwap(module) ? [{ key: 'gaps', value: 'swap' }] : [];
    default:
      return activationFact(object.get('activation'));
  }
}
