/**
 * A template of Keystone's state after its setup, for later runs: its tools take 15 seconds for the
 * setup. The template (a database, keys and the test users) is in a directory that outlasts the
 * runs, under a name that changes with Keystone's version and with the setup code. Only addresses
 * differ between two runs.
 */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { searchPath } from '../hosting/debian.js'

const run = promisify(execFile)

const database = 'keystone.db'
const told = 'told.json'

/** What a Keystone's catalogue has to say where. */
interface Addresses {
  readonly keystone: string
  readonly swift: string
}

export class KeystoneTemplate {
  readonly #directory: string

  /** @param code The code that determines the setup. */
  constructor(cache: string, ...code: readonly string[]) {
    const kind = createHash('sha256').update(code.join('\0')).digest('hex').slice(0, 16)
    this.#directory = join(cache, `keystone-${kind}`)
  }

  /**
   * Copies the template into a Keystone's directory, and returns its description; `undefined` in
   * the first run.
   */
  async restore(home: string, addresses: Addresses): Promise<unknown> {
    let found: string
    try {
      found = await readFile(join(this.#directory, told), 'utf8')
    } catch {
      return undefined
    }
    await cp(this.#directory, home, { recursive: true })
    await python(moving, join(home, database), addresses.keystone, addresses.swift)
    return JSON.parse(found)
  }

  /** Keeps a Keystone that is set up, and may be running. */
  async keep(home: string, toTell: unknown): Promise<void> {
    const made = `${this.#directory}.${randomUUID()}`
    await mkdir(made, { recursive: true, mode: 0o700 })
    for (const keys of ['fernet', 'credential']) await cp(join(home, keys), join(made, keys), { recursive: true })
    await python(copying, join(home, database), join(made, database))
    await writeFile(join(made, told), JSON.stringify(toTell))
    // Of two runs that do this at once the first one's stays.
    await rename(made, this.#directory).catch(() => rm(made, { recursive: true }))
  }
}

const python = (script: string, ...args: readonly string[]) =>
  run('/usr/bin/python3', ['-c', script, ...args], { env: { PATH: searchPath } })

const copying = `
import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', (sys.argv[2],))
`

const moving = `
import re, sqlite3, sys
path, keystone, swift = sys.argv[1:]
database = sqlite3.connect(path)
database.execute('PRAGMA journal_mode=WAL')
for id, url in database.execute('SELECT id, url FROM endpoint').fetchall():
    base = swift if '/v1/AUTH_' in url else keystone
    database.execute('UPDATE endpoint SET url = ? WHERE id = ?', (re.sub('^https?://[^/]+', base, url), id))
database.commit()
`
