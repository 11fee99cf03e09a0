import { parseRunConfig } from '../../../src/config/parse';
import type { ModelConfig } from '../../../src/config/schema';
import { stream } from '../../../src/data/random';
import { buildFlow, buildPreprocess } from '../../../src/flow/flow';
import type { Standardization } from '../../../src/config/standardization';
import type { Backend } from '../../../src/engine/backends/backend';
import { initialTensors } from '../../../src/engine/training/initialize';
import { createFlowRunner } from '../../../src/engine/model/flow-runner';

/** Defaults filled in. */
export function model(config: Record<string, unknown>): ModelConfig {
  const source = config['kind'] === 'image' ? 'digits' : 'moons';
  return parseRunConfig({ data: { source }, model: config }, 'test').model;
}

/** A flow whose weights and running statistics are random, so that no term is zero by chance. */
export function runnerOf(config: ModelConfig, backend: Backend, standardization?: Standardization) {
  const flow = buildFlow(config);
  const preprocess = buildPreprocess(config, flow, standardization);
  const tensors = initialTensors(flow, 5);
  for (const [name, { data }] of Object.entries(tensors)) {
    const noise = stream(9, name).uniform(data.length);
    const positive = /(variance|\.scale|gain|\.g)$/.test(name);
    for (let i = 0; i < data.length; i++) data[i]! += positive ? 0.2 * noise[i]! : 0.2 * (noise[i]! - 0.5);
  }
  return createFlowRunner({ config, flow, ...(preprocess ? { preprocess } : {}), tensors, backend });
}
