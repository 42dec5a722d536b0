import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileLines } from '../../../src/cli/show/file-lines.ts';
import { fit, line, prose, span, textOf } from '../../../src/cli/show/lines.ts';
import { LiveLine } from '../../../src/cli/show/live-line.ts';
import { moment, timeOfDay } from '../../../src/cli/show/moment.ts';
import { showAmong, showBelow } from '../../../src/cli/show/path.ts';
import { describeUnready } from '../../../src/cli/show/states.ts';
import { showLocal, showLocalExactly } from '../../../src/cli/show/time.ts';
import { cutEnd, cutMiddle, displayWidth, padEnd, padStart, wrap } from '../../../src/cli/show/width.ts';
import { longPipe, longTerminal, pipe, terminal } from '../../support/screens.ts';

const family = '👨‍👩‍👧';

describe('columns', () => {
  it('are two for East Asian wide characters and emoji, none for combining marks, one for others', () => {
    const widths: readonly [string, number][] = [
      ['abc', 3],
      ['日本', 4],
      ['ﾊﾝ', 2],
      ['Ａ', 2],
      ['🌻', 2],
      [family, 2],
      ['🇩🇪', 2],
      ['e\u0301\u0302', 1],
      ['한', 2],
      ['عربي', 4],
      ['…', 1],
      ['กำ', 2],
      ['✈️', 2],
      ['', 0],
    ];
    for (const [text, width] of widths) assert.equal(displayWidth(text), width, text);
    assert.deepEqual([padEnd('日', 4), padStart('日', 4), padEnd('日本', 2)], ['日  ', '  日', '日本']);
  });

  it('are kept to by cutting between whole characters, in the middle of a path, its ending in sight', () => {
    assert.equal(cutMiddle('shots/render-000001-final.png', 20), 'shots/rend…final.png');
    assert.equal(cutMiddle('a-name-without-an-ending', 9), 'a-na…ding');
    assert.equal(cutMiddle('a-long-name.jpeg', 7), 'a….jpeg', 'more than half of it is the ending');
    assert.equal(cutMiddle('ab.longending', 9), 'ab.l…ding', 'an ending that leaves no room for the rest is none');
    assert.equal(cutMiddle(`${family.repeat(9)}.png`, 11), `${family.repeat(3)}….png`);
    assert.equal(cutMiddle('e\u0301'.repeat(9), 3), 'e\u0301…e\u0301');
    assert.equal(cutMiddle('日本語の名前.png', 10), '日本….png', 'half a character is none');
    assert.deepEqual([cutMiddle('abcdef', 1), cutMiddle('abcdef', 0), cutMiddle('ab', 2)], ['…', '', 'ab']);
    assert.deepEqual([cutEnd('one two', 5), cutEnd('日本語', 4), cutEnd('ab', 2)], ['one…', '日…', 'ab']);
  });

  it('break prose between words, and words only where they are wider than a line', () => {
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
    assert.deepEqual(wrap('one two three', 7, 3), ['one two', 'thr', 'ee']);
    assert.deepEqual(wrap('日本語日本語', 5), ['日本', '語日', '本語']);
    assert.deepEqual(prose('one two three', terminal(9), '  ').map(textOf), ['  one two', '    three']);
    assert.deepEqual(prose('one two three', pipe, '  ').map(textOf), ['  one two three']);
  });

  it('cut a line of several texts where the room ends, which can be seen', () => {
    const parts = line(span('ready', 'green'), '  name', '  more');
    assert.equal(textOf(fit(parts, 15)), 'ready  name  m…');
    assert.equal(textOf(fit(parts, null)), 'ready  name  more');
    for (let columns = 1; columns < 17; columns += 1) {
      const shown = textOf(fit(parts, columns));
      assert.ok(displayWidth(shown) <= columns && shown.endsWith('…'), `${columns}: ${shown}`);
    }
    assert.equal(textOf(fit(parts, 17)), 'ready  name  more');
  });
});

const ready = {
  state: 'ready',
  sizeBytes: 1536,
  updatedAtMs: pipe.nowMs - 180_000,
  path: 'shots/a.png',
  url: 'https://h.example/a',
  reason: null,
};
const rejected = {
  ...ready,
  state: 'rejected',
  url: null,
  reason: 'unsupported_type: It is text, which is not taken.',
};

describe('a file in a list', () => {
  const shown = (...args: Parameters<typeof fileLines>) => fileLines(...args).map(textOf);

  it('is one line without a terminal, with nothing cut, its local time, and its URL where that is asked for', () => {
    const time = showLocal(ready.updatedAtMs);
    assert.deepEqual(shown(ready, pipe), [`ready       1.5 KiB  ${time}  shots/a.png`]);
    assert.deepEqual(shown(ready, longPipe), [`ready       1.5 KiB  ${time}  shots/a.png  https://h.example/a`]);
    assert.deepEqual(shown(rejected, pipe), [
      `rejected    1.5 KiB  ${time}  shots/a.png  unsupported_type: It is text, which is not taken.`,
    ]);
  });

  it('has its reason on a line of its own on a terminal, and its time where there is room', () => {
    assert.deepEqual(shown(rejected, terminal(80)), [
      'rejected    1.5 KiB  3 min ago    shots/a.png',
      '          unsupported_type: It is text, which is not taken.',
    ]);
    assert.deepEqual(shown({ ...rejected, path: 'a-very-long-name-of-a-file.png' }, terminal(50)), [
      'rejected    1.5 KiB  a-very-long-na…-of-a-file.png',
      '          unsupported_type: It is text, which is…',
    ]);
  });

  it('has everything whole with --long', () => {
    assert.deepEqual(shown(ready, longTerminal), [
      `ready       1.5 KiB  ${showLocal(ready.updatedAtMs)}  shots/a.png`,
      '          https://h.example/a',
    ]);
  });
});

describe('what is not in FLORA', () => {
  it('is told by its states, with the codes and how many have them', () => {
    const sums = [
      { state: 'ready', code: null, count: 9 },
      { state: 'rejected', code: 'empty', count: 1 },
      { state: 'rejected', code: 'upload_refused', count: 1_200 },
      { state: 'rejected', code: 'empty', count: 1 },
      { state: 'missing', code: 'asset_missing', count: 1 },
    ] as const;
    assert.equal(describeUnready(sums), '1,202 rejected (1,200 upload_refused, 2 empty), 1 missing');
    assert.equal(describeUnready(sums.slice(0, 1)), null);
  });
});

describe('a path', () => {
  it('is told from its drop folder, which stands before it only where there are several', () => {
    assert.deepEqual(
      [showBelow('/drop', '/drop/a/b.png'), showBelow('/', '/a'), showBelow('/drop', '/dropped/a')],
      ['a/b.png', 'a', '/dropped/a'],
    );
    assert.deepEqual(
      [showAmong(['/a'], '/a/b.png'), showAmong(['/a', '/c'], '/a/b.png'), showAmong([], '/a/b.png')],
      ['b.png', '/a/b.png', '/a/b.png'],
    );
    assert.equal(showBelow('/drop\udce9', '/drop\udce9/\udcff\n'), '\\xff\\n');
  });
});

describe('a moment', () => {
  it('is seen from now on a terminal, and by the local clock elsewhere and with --long', () => {
    const ms = pipe.nowMs - 180_000;
    assert.deepEqual(
      [terminal(80), longTerminal, pipe].map((screen) => moment(ms, screen)),
      ['3 min ago', showLocal(ms), showLocal(ms)],
    );
    assert.deepEqual(
      [terminal(80), longTerminal, pipe].map((screen) => timeOfDay(ms, screen)),
      [showLocal(ms).slice(11), showLocalExactly(ms), showLocalExactly(ms)],
    );
    assert.equal(timeOfDay(ms - 3 * 86_400_000, terminal(80)), showLocal(ms - 3 * 86_400_000));
  });
});

describe('the last line of a terminal', () => {
  it('is cut to the terminal, and what is logged stands above it, whole', () => {
    let drawn = '';
    const live = new LiveLine({ draw: (text) => (drawn += text), columns: () => 10 });
    live.show('a line that is too long');
    assert.equal(drawn, '\r\u001b[2Ka line t…');
    drawn = '';
    const hint = `${'a hint that is far wider than this terminal '.repeat(3)}end`;
    live.log.write(hint);
    assert.equal(drawn, `\r\u001b[2K${hint}\na line t…`);
    drawn = '';
    live.end();
    live.log.write('last\n');
    assert.equal(drawn, '\r\u001b[2K\r\u001b[2Klast\n');
  });
});
