/** Writes a peer's configuration as ours and as a PyTorch module: node print-flow.js CONFIG.json FOLDER */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeSafetensors } from '../../src/checkpoint/tensors/safetensors';
import { printFlow } from '../../src/engine/export/torch-graphs';
import { initialTensors } from '../../src/engine/training/initialize';
import { buildFlow, buildPreprocess } from '../../src/flow/flow';
import { ourConfig, type PeerConfig } from './models';

async function main(file: string, folder: string): Promise<void> {
  const config = ourConfig(JSON.parse(readFileSync(file, 'utf8')) as PeerConfig);
  const { model } = config;
  const flow = buildFlow(model);
  const preprocess = buildPreprocess(model, flow);
  const { text, constants } = printFlow({ config: model, flow, preprocess, title: path.basename(file) });
  writeFileSync(path.join(folder, 'flow.py'), text());
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  await writeSafetensors(path.join(folder, 'weights.safetensors'), {
    ...initialTensors(flow, 1),
    ...constants,
  });
}

void main(process.argv[2]!, process.argv[3]!);
