/** The two-angle formula against numbers worked out by hand and against what it must keep. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stream } from '../../../../src/data/random';
import {
  manifoldAngles,
  manifoldLatents,
  manifoldPoint,
  manifoldWeights,
} from '../../../../src/engine/use/manifold';

const size = 300;
const corners = stream(1, 'corners').normal(4 * size);
const corner = (k: number): Float32Array => corners.subarray(k * size, (k + 1) * size);

function close(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  assert.equal(a.length, b.length);
  Array.from(a).forEach((value, i) =>
    assert.ok(Math.abs(value - b[i]!) <= tolerance, `${value} is not ${b[i]} at ${i}`),
  );
}

describe('angles', () => {
  it('are those of the figure of the paper: 0, π/4 … 7π/4', () => {
    close(
      manifoldAngles(8, 'circle'),
      [0, 0.785398, 1.570796, 2.356194, 3.141593, 3.926991, 4.712389, 5.497787],
      1e-6,
    );
  });

  it('reach both ends of a quarter turn', () => {
    close(manifoldAngles(4, 'quarter'), [0, 0.523599, 1.047198, 1.570796], 1e-6);
  });
});

describe('the two-angle formula', () => {
  it('gives the weights worked out by hand', () => {
    // cos 60° = 1/2, sin 60° = √3/2; cos 45° = sin 45° = √2/2.
    close(manifoldWeights(Math.PI / 3, Math.PI / 4), [0.35355339, 0.35355339, 0.61237244, 0.61237244], 1e-8);
    // cos 120° = −1/2, sin 120° = √3/2; cos 30° = √3/2, sin 30° = 1/2.
    close(manifoldWeights((2 * Math.PI) / 3, Math.PI / 6), [-0.4330127, -0.25, 0.75, 0.4330127], 1e-7);
  });

  it('has the four latents, bit for bit, at the corners of a quarter turn, and their opposites beyond', () => {
    const quarter = manifoldLatents(corners, size, manifoldAngles(5, 'quarter'));
    const at = (row: number, column: number): Float32Array =>
      quarter.subarray((row * 5 + column) * size, (row * 5 + column + 1) * size);
    assert.deepEqual(at(0, 0), corner(0));
    assert.deepEqual(at(0, 4), corner(1));
    assert.deepEqual(at(4, 0), corner(2));
    assert.deepEqual(at(4, 4), corner(3));
    assert.deepEqual(
      manifoldPoint(corners, size, Math.PI, 0),
      corner(0).map((value) => -value),
    );
  });

  it('keeps the squares of the weights at 1, so that the length of z is that of a normal latent', () => {
    for (const phi of manifoldAngles(7, 'circle')) {
      for (const phiPrime of manifoldAngles(7, 'circle')) {
        const sum = manifoldWeights(phi, phiPrime).reduce((total, weight) => total + weight ** 2, 0);
        assert.ok(Math.abs(sum - 1) < 1e-12);
        const z = manifoldPoint(corners, size, phi, phiPrime);
        const mean = z.reduce((total, value) => total + value * value, 0) / size;
        // χ² of 300 degrees of freedom over 300 has the deviation 0.082; five of them.
        assert.ok(Math.abs(mean - 1) < 0.41, `${mean}`);
      }
    }
  });

  it('keeps the length exactly where the corners are orthogonal and of one length', () => {
    const unit = new Float32Array(16);
    for (let k = 0; k < 4; k++) unit[k * 4 + k] = 2;
    for (const phi of manifoldAngles(9, 'circle')) {
      for (const phiPrime of manifoldAngles(9, 'circle')) {
        assert.ok(Math.abs(Math.hypot(...manifoldPoint(unit, 4, phi, phiPrime)) - 2) < 1e-6);
      }
    }
  });
});
