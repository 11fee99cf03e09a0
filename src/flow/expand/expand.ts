/** What a person writes, a config with its shorthands, as the spec of a flow. Nothing that builds a flow reads more. */
import type { ModelConfig } from '../../config/schema';
import type { FlowSpec } from '../core/spec';
import { imageSpec } from './image';
import { vectorSpec } from './vector';

export const expand = (config: ModelConfig): FlowSpec =>
  config.kind === 'vector' ? vectorSpec(config) : imageSpec(config);
