import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/user-error';
import { CancelledError, decode, decodeEnvelope, encode, encodeEnvelope } from '../../../src/protocol/wire';

/** What VS Code does to a webview message: JSON, with buffers listed beside it. */
function throughWebview(value: unknown): unknown {
  const buffers: ArrayBufferLike[] = [];
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (!ArrayBuffer.isView(item)) return item;
    assert.equal(item.byteLength, item.buffer.byteLength, 'a view posts its whole buffer');
    assert.ok(!Buffer.isBuffer(item), 'a Node Buffer arrives as a plain object');
    return { buffer: buffers.push(item.buffer) - 1, type: item.constructor.name };
  });
  return JSON.parse(text, (_, item: { buffer?: number; type?: string } | null) => {
    if (item?.buffer === undefined || !item.type) return item;
    const Typed = (globalThis as unknown as Record<string, new (b: ArrayBufferLike) => unknown>)[item.type]!;
    return new Typed(buffers[item.buffer]!);
  });
}

const roundTrip = (value: unknown) => decode(throughWebview(encode(value)));

describe('wire', () => {
  it('keeps numbers that JSON loses', () => {
    assert.deepEqual(roundTrip({ a: [NaN, Infinity, -Infinity, 1.5] }), {
      a: [NaN, Infinity, -Infinity, 1.5],
    });
  });

  it('posts exactly the values of a view into a larger buffer', () => {
    const whole = Float32Array.from({ length: 1000 }, (_, index) => index);
    const sent = roundTrip({ data: whole.subarray(10, 13) }) as { data: Float32Array };
    assert.deepEqual(sent.data, Float32Array.of(10, 11, 12));
  });

  it('turns a Node Buffer into bytes', () => {
    const sent = roundTrip(Buffer.from('flow')) as Uint8Array;
    assert.equal(sent.constructor, Uint8Array);
    assert.deepEqual([...sent], [...Buffer.from('flow')]);
  });

  it('keeps what kind of error it was', () => {
    const user = roundTrip(new UserError('No file.'));
    assert.ok(user instanceof UserError && user.message === 'No file.');
    assert.ok(roundTrip(new CancelledError()) instanceof CancelledError);
    const other = roundTrip(new TypeError('x is undefined')) as Error;
    assert.ok(other instanceof Error && !(other instanceof UserError) && other.message === 'x is undefined');
  });

  it('keeps any plain data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(roundTrip(value), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('carries the error of a call between processes', () => {
    const sent = structuredClone(encodeEnvelope({ t: 's', i: '1', e: new UserError('Bad file.') }));
    const { e } = decodeEnvelope(sent) as { e: unknown };
    assert.ok(e instanceof UserError && e.message === 'Bad file.');
    const answer = { t: 's', i: '1', r: { data: new Float32Array(2) } };
    assert.equal(decodeEnvelope(encodeEnvelope(answer)), answer);
  });

  it('takes an error that came without its kind', () => {
    const { e } = decodeEnvelope({ t: 's', e: { userError: true, message: 'No.' } }) as { e: unknown };
    assert.ok(e instanceof UserError);
  });
});
