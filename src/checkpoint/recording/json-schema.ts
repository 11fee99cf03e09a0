/** The JSON schema of a recording's metadata. Not part of any bundle of the product. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { recordingSchema } from './schema';

/** The content of media/schemas/recording.schema.json, as text. */
export function recordingJsonSchema(): string {
  const schema = toJsonSchema(recordingSchema, { typeMode: 'input' });
  const root = {
    $schema: schema.$schema,
    title: 'Flowscope recording',
    description: 'What the metadata "recording" of a .flowrec.safetensors file say, in JSON.',
    ...schema,
  };
  return `${JSON.stringify(root, null, 2)}\n`;
}
