import { spawnSync } from 'node:child_process'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { program, Workplace } from './workplace.js'

const repository = join(import.meta.dirname, '..', '..', '..')
const entry = (name: string) => ({ provider: 'filesystem', root: `./${name}`, createRoot: true })

/**
 * Lines of shell that call the program, but for the one that asks everything, which a terminal is
 * needed for.
 */
function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, source = '']) => source)
  return blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => /\b(stowage|@stowage\/cli) \w/.test(line) && !/^npm |cli datasource$/.test(line))
}

/**
 * What the documents take for granted: a project with files, and `stowage` and `npx` on the path.
 */
async function readersProject(): Promise<Workplace> {
  const place = await Workplace.make({
    'datasources.json': JSON.stringify({ backup: entry('backup') }),
    'README.md': '# Read me',
    'pictures/a.jpg': 'a',
    'site/index.html': 'site',
    'photos/2025/sea.jpg': 'sea',
    'photos/2025/notes.txt': 'notes',
    'backup/photos-2025/old': 'old',
    'bin/stowage': `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`,
    'bin/npx': '#!/bin/sh\nshift\nexec stowage "$@"\n',
  })
  for (const name of ['stowage', 'npx']) await chmod(place.at('bin', name), 0o755)
  return place
}

describe.each(['docs/getting-started.md', 'packages/cli/README.md'])('%s', (document) => {
  test('every command does what it says, one after the other', async () => {
    const commands = commandsOf(await readFile(join(repository, document), 'utf8'))
    expect(commands.length).toBeGreaterThan(4)
    await using place = await readersProject()
    for (const command of commands) {
      // A reader answers the question; a test has no terminal here.
      const answered = command.includes('stowage rm -r') ? `${command} --yes` : command
      const { status, stderr } = spawnSync('sh', ['-e', '-c', answered], {
        cwd: place.path,
        env: { ...process.env, PATH: `${place.at('bin')}:${process.env['PATH']}` },
        encoding: 'utf8',
      })
      expect(status, `${answered}\n${stderr}`).toBe(0)
    }
  })
})
