/** The spec of a vector flow. */
import { range } from '../../base/order';
import type { FieldLayer } from '../../config/field-layer';
import { named, type Named } from '../../config/layer-folders';
import { netOfModel, transformOfModel } from '../../config/model-parts';
import type { VectorModelConfig } from '../../config/schema';
import type { ConditionerSpec, ContextSpec, FlowSpec, LayerSpec, TransformSpec } from '../core/spec';
import { normOptions } from './norm-options';
import { vectorLayers, type VectorLayer } from './vector-layers';

/** Share of the new batch in running statistics, for vectors not configurable: PyTorch's default. */
const normDecay = 0.1;

function contextOf(config: VectorModelConfig): ContextSpec {
  return {
    kind: 'vector',
    size: config.context,
    standardized: config.contextNorm,
    widths: config.contextNet,
    activation: { activation: config.contextActivation ?? config.activation, slope: config.slope },
    output: config.contextOutput,
  };
}

type Mapping = Extract<VectorLayer, { kind: 'coupling' | 'autoregressive' }>;

function transformOf(config: VectorModelConfig, layer: Mapping): TransformSpec {
  const settings =
    layer.transform ??
    transformOfModel(
      config,
      layer.kind === 'coupling' && layer.scaleClamp !== undefined ? { scaleClamp: layer.scaleClamp } : {},
    );
  return { settings, decays: false };
}

function conditionerOf(config: VectorModelConfig, layer: Mapping): ConditionerSpec {
  const { shiftActivation, slope, outputOrder, outputLayout } = config;
  const net = layer.net ?? netOfModel(config);
  const shiftNet =
    layer.kind === 'coupling' && layer.shiftNet
      ? layer.shiftNet
      : shiftActivation && !layer.net
        ? { ...net, activation: shiftActivation, slope }
        : undefined;
  return {
    net,
    nets: layer.nets ?? config.nets,
    ...(shiftNet ? { shiftNet } : {}),
    outputs: {
      outputOrder: layer.outputOrder ?? outputOrder,
      outputLayout: layer.outputLayout ?? outputLayout,
    },
    seesContext: true,
    normDecay,
  };
}

function layerOf(config: VectorModelConfig, layer: Named<Exclude<VectorLayer, FieldLayer>>): LayerSpec {
  const { name } = layer;
  switch (layer.kind) {
    case 'coupling':
      return {
        ...{ name, kind: 'coupling' },
        split: { kind: layer.conditioning ?? config.conditioning, mask: layer.mask },
        transform: transformOf(config, layer),
        conditioner: conditionerOf(config, layer),
        ...(config.flowNorm ? { norm: normOptions(config, normDecay) } : {}),
      };
    case 'autoregressive':
      return {
        ...{ name, kind: 'autoregressive', order: layer.order, sees: layer.sees },
        transform: transformOf(config, layer),
        conditioner: conditionerOf(config, layer),
        masks: { stored: config.madeMasks === 'stored', contextFirst: config.contextFirst },
      };
    case 'batchNorm':
      return { name, kind: 'batchNorm', norm: normOptions(config, normDecay) };
    default:
      return layer;
  }
}

function slicesOf({
  kind: _,
  name: field,
  data,
  noise,
  slices,
  ...settings
}: Named<FieldLayer>): LayerSpec[] {
  const timeAt = (edge: number): number => data + (edge / slices) * (noise - data);
  return range(slices).map((i) => ({
    ...{ name: `${field}.slices.${i}`, kind: 'slice', field, settings, first: i === 0 },
    ...{ from: timeAt(i), to: timeAt(i + 1) },
  }));
}

export function vectorSpec(config: VectorModelConfig): FlowSpec {
  return {
    shape: [config.dim],
    ...(config.context > 0 ? { context: contextOf(config) } : {}),
    layers: named(vectorLayers(config)).flatMap((layer) =>
      layer.kind === 'field' ? slicesOf(layer) : [layerOf(config, layer)],
    ),
    base: config.base,
  };
}
