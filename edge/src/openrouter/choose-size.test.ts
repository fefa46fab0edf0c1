import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from '@everframe/shared';
import { aspectRatioOf, chooseSize, resolutionOf } from './choose-size.ts';

const MODEL = { name: 'm', sizes: ['1280x720', '720x1280', '640x360', '720x720'] };

test('a size is found by what was said of it, and the first of those that fit is taken', () => {
  assert.equal(chooseSize({}, MODEL), undefined);
  assert.equal(chooseSize({ size: '640x360' }, MODEL), '640x360');
  assert.equal(chooseSize({ resolution: '720p' }, MODEL), '1280x720');
  assert.equal(chooseSize({ resolution: '720p', aspect_ratio: '9:16' }, MODEL), '720x1280');
  assert.equal(chooseSize({ aspect_ratio: '1:1' }, MODEL), '720x720');
  assert.equal(chooseSize({ size: '640x360', resolution: '360p', aspect_ratio: '16:9' }, MODEL), '640x360');
});

test('what no size has is refused by its field, with what there is', () => {
  const cases = [
    [{ size: '1x1' }, 'size', /'1280x720', '720x1280', '640x360', '720x720' for m; got "1x1"/],
    [{ resolution: '4K' }, 'resolution', /'720p', '360p' for m; got "4K"/],
    [{ resolution: 720 }, 'resolution', /got 720/],
    [{ aspect_ratio: '4:3' }, 'aspect_ratio', /'16:9', '9:16', '1:1' for m/],
    [{ resolution: '360p', aspect_ratio: '1:1' }, 'aspect_ratio', /go with 'resolution'; got "1:1"/],
    [{ size: '640x360', resolution: '720p' }, 'resolution', /go with 'size'/],
  ] as const;
  for (const [fields, param, message] of cases) {
    assert.throws(
      () => chooseSize(fields, MODEL),
      (error: unknown) => error instanceof EverframeError && error.param === param && message.test(error.message),
      JSON.stringify(fields),
    );
  }
});

test('a size is written as the dialect writes it', () => {
  assert.deepEqual(['1920x1080', '1080x1920', '128x128', '1112x834'].map(resolutionOf), ['1080p', '1080p', '128p', '834p']);
  assert.deepEqual(['1920x1080', '1080x1920', '128x128', '1112x834'].map(aspectRatioOf), ['16:9', '9:16', '1:1', '4:3']);
});
