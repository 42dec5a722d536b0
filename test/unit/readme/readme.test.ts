import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { exitCodes } from '../../../src/cli/exit.ts';
import { fileStates } from '../../../src/core/content.ts';
import { drawWay, palettes } from '../../readme/draw.ts';
import { picturePath, withoutChance, withSession } from '../../readme/pages.ts';
import { screenOf } from '../../readme/screen.ts';
import { allShellBlocks, headerCommands } from '../../readme/steps.ts';
import { textsOfXml } from '../../readme/xml.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const pages = ['README.md', 'config/README.md'] as const;
const units = ['flora-sync.service', 'flora-sync@.service'] as const;

function read(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

/** Places of a machine that no reader has, and addresses that no reader reaches. */
const ofAMachine = new RegExp(
  [homedir(), tmpdir(), root].map((place) => `${place.replaceAll(/[.\\]/g, '\\$&')}/`).join('|') +
    '|/tmp/|/home/|/root/',
);

describe('the picture of the README', () => {
  const svg = readFileSync(picturePath, 'utf8');

  it('is well-formed XML, with the four places of the way and a title for who cannot see it', () => {
    const texts = textsOfXml(svg);
    for (const text of ['drop', 'settle', 'ledger', 'FLORA']) assert.ok(texts.includes(text), text);
    assert.match(svg, /<svg [^>]*role="img" aria-labelledby="t d"/);
    assert.match(svg, /<title id="t">[^<]+<\/title>\n<desc id="d">[^<]+<\/desc>/);
  });

  it('names no place of a machine, and fetches nothing', () => {
    assert.doesNotMatch(svg, ofAMachine);
    assert.doesNotMatch(svg.replace('http://www.w3.org/2000/svg', ''), /https?:|url\(|@import|<script|<image|href/);
  });

  it('can be read on a light and on a dark page: each text has a contrast of 4.5 to its ground (WCAG 2.2, 1.4.3)', () => {
    for (const [name, palette] of Object.entries(palettes)) {
      for (const part of ['text', 'muted', 'good', 'bad'] as const) {
        assert.ok(contrast(palette[part], palette.ground) >= 4.5, `${part} on ${name}`);
      }
      for (const colour of Object.values(palette)) assert.ok(svg.includes(colour), `${name}: ${colour}`);
    }
    assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
    // Text has a ground of its own, whatever the page has.
    assert.match(svg, /<rect class="ground"/);
  });

  it('keeps every text within the picture, however long names and reasons are', () => {
    const long = 'a <long> & "quoted" name '.repeat(9);
    const file = { sizeBytes: 1e12, settledAfterMs: 123_456_789, assetId: `asset_${'f'.repeat(60)}`, copyOf: null };
    const drawn = drawWay([
      { ...file, name: long, state: 'ready', reason: null, states: ['queued', 'reserved', 'uploaded', 'ready'] },
      { ...file, name: long, state: 'ready', reason: null, states: ['ready'], copyOf: long },
      { ...file, name: long, state: 'rejected', reason: long, states: ['rejected'] },
    ]);
    textsOfXml(drawn);
    for (const [, x = '', text = ''] of drawn.matchAll(/<text [^>]*x="(\d+)"[^>]*>([^<]*)</g)) {
      const characters = text.replaceAll(/&\w+;/g, '.').length;
      assert.ok(Number(x) + characters * 7.3 <= 872, text);
    }
  });
});

/** WCAG's contrast ratio of two colours `#rrggbb`, 1 to 21. */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [one, other].map(luminance).sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('what the README shows of a session', () => {
  it('was recorded, names no place of a machine, and fits 80 columns', () => {
    const [, session = ''] =
      /<!-- session[^>]*-->\n```console\n([\s\S]*?)```\n<!-- \/session -->/.exec(read('README.md')) ?? [];
    assert.match(session, /^\$ flora-sync sync\n/);
    assert.doesNotMatch(session, ofAMachine);
    for (const line of session.split('\n')) assert.ok([...line].length <= 80, line);
  });

  it('is put between its marks, and nowhere else', () => {
    const page = 'a\n<!-- session: x -->\nold\n<!-- /session -->\nb\n';
    const put = withSession(page, '$ ls\n$& $1\n');
    assert.equal(put, 'a\n<!-- session: x -->\n```console\n$ ls\n$& $1\n```\n<!-- /session -->\nb\n');
    assert.equal(withSession(put, '$ ls\n$& $1\n'), put);
    assert.throws(() => withSession('no marks', ''), /no <!-- session --> block/);
  });

  it('may say other ids and times each time, and nothing else', () => {
    const one =
      'asset_15373f67 at 17:03:56.546, 2026-11-27T16:57:09Z, 3 min ago, sent in 2.4 s, 127.0.0.1:45737, 21.7 KiB';
    const other =
      'asset_aaaa0000 at 07:13:06, 2027-01-07T06:57:09.123Z, 1 h 12 min ago, sent in 12 s, 127.0.0.1:80, 21.7 KiB';
    assert.equal(withoutChance(one), withoutChance(other));
    assert.notEqual(withoutChance('3 files ready'), withoutChance('4 files ready'));
    assert.notEqual(withoutChance('21.7 KiB'), withoutChance('21.8 KiB'));
  });
});

describe('what a terminal shows', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['the bar when it is drawn again', '\u001b[1Gabcdef\u001b[1Gxy\u001b[0K\r\nz', 'xy\nz'],
    ['nothing of a line that was erased', 'abc\u001b[2K\u001b[1Gd', 'd'],
    ['nothing of what was below', 'a\r\nb\r\nc\u001b[2A\u001b[1G\u001b[0Jx', 'x'],
    ['text behind a place that was skipped', 'a\u001b[4Gb', 'a  b'],
    ['no colours, no cursor', '\u001b[?25l\u001b[33ma\u001b[39m\u001b[?25h', 'a'],
  ];
  for (const [what, output, shown] of cases) it(`is ${what}`, () => assert.equal(screenOf(output), shown));

  it('is not guessed where nobody knows', () => assert.throws(() => screenOf('a\u0007'), /nobody here knows/));
});

describe('an XML document', () => {
  it('is what an SVG has to be', () => {
    assert.deepEqual(textsOfXml('<a b="c"><d/>e &amp; f</a>\n'), ['e &amp; f']);
    const wrongs = [
      '',
      'x',
      '<a>',
      '</a>',
      '<a><b></a></b>',
      '<a/><b/>',
      '<a b=c/>',
      '<a b="1" b="2"/>',
      '<a>&</a>',
      '<a>1<2</a>',
    ];
    for (const wrong of wrongs) assert.throws(() => textsOfXml(wrong), `${wrong} is none`);
  });
});

describe('commands that are to be copied', () => {
  const blocks = [
    ...pages.flatMap((page) => allShellBlocks(page).map((block) => [page, block] as const)),
    ...units.map((unit) => [unit, headerCommands(unit)] as const),
  ];

  it('are there: in both pages and at the top of both units', () => {
    assert.deepEqual([...new Set(blocks.map(([where]) => where))], [...pages, ...units]);
    assert.ok(blocks.every(([, block]) => block.trim() !== ''));
  });

  for (const [where, block] of blocks) {
    it(`can be read by a shell, with nothing in them that it would take for something else: ${where}: ${block.split('\n')[0]}`, () => {
      const { status, stderr } = spawnSync('/bin/sh', ['-n'], { input: block, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(block, /\.\.\.|…|<[a-z][^<>\n]*>|\[[a-z]+\]/i);
      assert.doesNotMatch(block, ofAMachine);
    });
  }

  it('write a file only into a directory that a line above has made, or that every machine has', () => {
    for (const [where, block] of blocks.filter(([, each]) => /\binstall |\bcp |> ~/.test(each))) {
      const before = where === 'README.md' ? allShellBlocks('README.md').join('') : block;
      for (const [, target = ''] of block.matchAll(/^(?:cp|install(?! -[dD])) .* (\S+)$|>>? (~\S+)/gm)) {
        if (target === '') continue;
        const directory = target.endsWith('/') ? target.slice(0, -1) : dirname(target);
        assert.match(before, new RegExp(`mkdir -p .*${directory}(?: |$)`, 'm'), `${where}: ${target}`);
      }
    }
  });
});

describe('the pages for users', () => {
  for (const page of pages) {
    it(`lead only to what is there: ${page}`, () => {
      for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? join(root, page) : join(root, dirname(page), file);
        assert.ok(existsSync(path), target);
        if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(path, 'utf8')).includes(anchor), target);
      }
    });
  }

  it('name only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) => [...read(page).matchAll(/\bnpm (?:run ([a-z:]+)|(test|start)\b)/g)]);
    for (const [, run, own] of named) assert.ok((run ?? own ?? '') in scripts, run);
    assert.ok(named.length > 5);
  });

  it('name each command of the program, and no other', () => {
    const main = join(root, 'dist', 'main.js');
    const help = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z-]+) (?:\[|<| {2})/gm)].map(([, name = '']) => name);
    const own = commands.filter((name) => name !== 'help').sort();
    assert.ok(own.includes('run') && own.includes('demo'), help);
    const [, section = ''] = read('README.md').split('\n## Commands\n');
    const [table = ''] = section.split('\n## ');
    assert.deepEqual([...table.matchAll(/^\| `flora-sync ([a-z-]+)/gm)].map(([, name]) => name).sort(), own);
  });

  it('name each state of a file', () => {
    // What settles is not in the ledger.
    assert.deepEqual(firstCells('### States of a file').sort(), [...fileStates, 'settling'].sort());
    for (const state of fileStates) assert.ok(read('README.md').includes(`\`${state}\``), state);
  });

  it('name each exit code', () => {
    assert.deepEqual(firstCells('## Exit codes').map(Number), Object.values(exitCodes));
  });

  it('leave the README short: what a reader of five minutes reads', () => {
    const words = read('README.md')
      .replace(/<!-- session[\s\S]*<!-- \/session -->/, '')
      .split(/\s+/).length;
    assert.ok(words <= 1_400, `${words} words`);
  });
});

/** The first cells of the table below a heading of config/README.md, without its head. */
function firstCells(heading: string): string[] {
  const [, section = ''] = read('config/README.md').split(`\n${heading}\n`);
  const [table = ''] = section.split(/\n#+ /);
  return [...table.matchAll(/^\| `?([^|`]+?)`? \|/gm)].map(([, cell = '']) => cell).slice(1);
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
