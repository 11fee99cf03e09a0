/**
 * The one JSON config of a run: which data, which flow, how to train it. It is what a user writes, what a run folder
 * keeps and what a checkpoint carries, so that a flow can be rebuilt from its file alone.
 */
import * as v from 'valibot';
import { dataSchema } from './data-section';
import { optional } from './fields';
import { imageModelSchema } from './image-model';
import { trainingSchema } from './training-section';
import { vectorModelSchema } from './vector-model';

export const modelSchema = v.variant('kind', [vectorModelSchema, imageModelSchema]);

const schemaField = optional('Where an editor finds the schema of this file.', v.string());

export const runConfigSchema = v.strictObject({
  $schema: schemaField,
  data: dataSchema,
  model: modelSchema,
  training: v.optional(trainingSchema, {}),
});

/** What a checkpoint says of its flow: a run's config, without data where these are not known (imported files). */
export const storedConfigSchema = v.strictObject({
  $schema: schemaField,
  data: v.optional(dataSchema),
  model: modelSchema,
  training: v.optional(trainingSchema, {}),
});

export type VectorModelConfig = v.InferOutput<typeof vectorModelSchema>;
export type ImageModelConfig = v.InferOutput<typeof imageModelSchema>;
export type ModelConfig = v.InferOutput<typeof modelSchema>;
/** A model with defaults left out. */
export type ModelInput = v.InferInput<typeof modelSchema>;
export type DataConfig = v.InferOutput<typeof dataSchema>;
export type TrainingConfig = v.InferOutput<typeof trainingSchema>;
export type RunConfig = v.InferOutput<typeof runConfigSchema>;
export type StoredConfig = v.InferOutput<typeof storedConfigSchema>;
/** What a user may write: fields with defaults may be left out. */
export type RunConfigInput = v.InferInput<typeof runConfigSchema>;
