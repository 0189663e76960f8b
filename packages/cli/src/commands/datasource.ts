/**
 * `stowage datasource`: adds an entry to `datasources.json`, step by step or by options.
 */
import { dirname, relative, resolve } from 'node:path'
import { providerPackages } from '@stowage/core'
import { entryExists, findDataSourceFile, readEntries, writeEntry } from '../data-sources/data-source-file.js'
import {
  checkName,
  connectorPackage,
  entryOf,
  parseAssignments,
  plainSecrets,
  variablesOf,
  whatIsMissing,
} from '../data-sources/entry.js'
import { install, installationOf, isInstalled, isLoopBack } from '../data-sources/installer.js'
import { type Answers, askForProperties, chooseProvider } from '../data-sources/interview.js'
import { isProviderName, type ProviderName, providers } from '../data-sources/providers.js'
import { signIn } from '../data-sources/sign-in.js'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, Interruption, messageOf, UsageFailure } from '../failures/failures.js'
import { Questions } from '../terminal/questions.js'
import { printable } from '../terminal/terminal.js'
import { defineCommand, type Given, type Session } from './command.js'

const options = {
  name: { type: 'string', value: '<name>', description: 'the name of the data source' },
  provider: { type: 'string', value: '<provider>', description: Object.keys(providers).join(', ') },
  set: {
    type: 'string',
    multiple: true,
    value: '<property=value>',
    description: "set a property; repeat for each. '${NAME}' in a value is an environment variable",
  },
  yes: { type: 'boolean', short: 'y', description: 'do not ask questions; use defaults' },
  check: { type: 'boolean', negative: true, description: 'do not sign in to check the credentials' },
  install: { type: 'boolean', negative: true, description: "do not install the provider's package" },
  replace: { type: 'boolean', description: 'replace an existing entry of that name' },
  loopback: {
    type: 'boolean',
    description: "name LoopBack's connector in the entry; default in projects that use LoopBack 3",
  },
} as const

type Options = Given<typeof options>

export const datasource = defineCommand({
  name: 'datasource',
  usage: '[options]',
  summary: 'Adds a data source to datasources.json',
  details: `
Asks for the name, the service and the credentials, unless options set them. Installs the provider's package and signs in to
check the credentials. Then writes the file; unless you confirm otherwise, only if all steps have succeeded. The rest of the
file stays the same. Keep secrets in the environment; the file refers to them as \${NAME}.

Without a terminal, the options must set everything:

  stowage datasource --name photos --provider azure \\
    --set storageAccount=contoso --set 'storageAccessKey=\${AZURE_KEY}'

Properties, in addition to those of every data source (partSize, parallelism, maxFileSize, …):
${Object.entries(providers)
  .map(([name, { properties }]) => `  ${name.padEnd(12)}${Object.keys(properties).join(', ')}`)
  .join('\n')}`,
  options,
  async run(given, operands, session) {
    if (operands.length > 0)
      throw new UsageFailure('datasource takes no arguments, only options; see: stowage datasource --help')
    await new Making(given, session).run()
  },
})

async function packagesMissing(names: readonly string[], directory: string): Promise<readonly string[]> {
  const installed = await Promise.all(names.map((name) => isInstalled(name, directory)))
  return names.filter((_, index) => !installed[index])
}

/** The data source to add. */
interface Draft extends Answers {
  readonly name: string
  readonly provider: ProviderName
  readonly replace: boolean
}

class Making {
  readonly #given: Options
  readonly #session: Session
  /** Absent without a terminal. */
  readonly #questions: Questions | undefined

  constructor(given: Options, session: Session) {
    this.#given = given
    this.#session = session
    const { terminal, signal } = session
    if (given.yes !== true && terminal.interactive) this.#questions = new Questions(terminal, signal)
  }

  async run(): Promise<void> {
    const { directory, datasources, terminal, json } = this.#session
    const file =
      datasources === undefined ? (await findDataSourceFile(directory)).file : resolve(directory, datasources)
    const loopback = this.#given.loopback ?? (await isLoopBack(dirname(file)))
    const asked = await this.#ask(file)
    const installed = await this.#install(asked.provider, dirname(file), loopback)
    const { draft, checked } = await this.#try(asked, dirname(file), loopback)
    const { name, provider, properties, replace } = draft
    await writeEntry(file, name, entryOf(name, provider, properties, loopback), { replace })
    if (json) await terminal.printJson({ name, provider, file, installed, checked })
    else this.#tellNext(file, draft, loopback)
  }

  async #ask(file: string): Promise<Draft> {
    const names = new Set((await readEntries(file)).keys())
    const { name, replace } = await this.#name(file, names)
    const provider = await this.#provider()
    return { name, provider, replace, ...(await this.#properties(name, provider)) }
  }

  async #name(file: string, taken: ReadonlySet<string>): Promise<Pick<Draft, 'name' | 'replace'>> {
    const { name: given, replace = false } = this.#given
    for (let name = given; ; name = undefined) {
      name ??= await this.#questions?.text('Name of the data source', { suggestion: 'files', check: checkName })
      if (name === undefined) throw new UsageFailure('not a terminal: --name is required')
      const wrong = checkName(name)
      if (wrong !== undefined) throw new UsageFailure(wrong)
      if (replace || !taken.has(name)) return { name, replace }
      if (this.#questions === undefined) throw entryExists(file, name)
      const answer = await this.#questions.choose(`Data source "${printable(name)}" already exists.`, [
        { value: 'other', label: 'Use another name' },
        { value: 'replace', label: 'Replace it' },
        { value: 'stop', label: 'Cancel' },
      ])
      if (answer === 'stop') throw entryExists(file, name)
      if (answer === 'replace') return { name, replace: true }
    }
  }

  async #provider(): Promise<ProviderName> {
    const { provider } = this.#given
    if (provider === undefined) {
      if (this.#questions === undefined) throw new UsageFailure('not a terminal: --provider is required')
      return chooseProvider(this.#questions)
    }
    if (isProviderName(provider)) return provider
    throw new UsageFailure(`unknown provider "${provider}" (known: ${Object.keys(providers).join(', ')})`)
  }

  async #properties(name: string, provider: ProviderName): Promise<Answers> {
    const { set, check = true } = this.#given
    if (this.#questions !== undefined && set === undefined) {
      const { environment } = this.#session
      return askForProperties(this.#questions, { name, provider, environment, trial: check })
    }
    const properties = parseAssignments(provider, set ?? [])
    const missing = whatIsMissing(provider, properties)
    if (missing !== undefined)
      throw new UsageFailure(`provider "${provider}" requires ${missing}: pass --set property=value`)
    return { properties, environment: {} }
  }

  /** The packages that were installed. */
  async #install(provider: ProviderName, directory: string, loopback: boolean): Promise<readonly string[]> {
    const needed = [loopback ? connectorPackage : '@stowage/core', providerPackages[provider]]
    const missing = await packagesMissing(needed, directory)
    if (missing.length === 0 || this.#given.install === false) return []
    const installation = await installationOf(missing, directory)
    const { terminal, signal } = this.#session
    if (this.#given.install === undefined) {
      const command = [installation.command, ...installation.args].join(' ')
      const wanted = (await this.#questions?.confirm(`Install missing packages? (${command})`, true)) ?? true
      if (!wanted) return []
    }
    await install(installation, terminal, signal)
    const [unfound] = await packagesMissing(missing, directory)
    if (unfound !== undefined) {
      const command = [installation.command, ...installation.args].join(' ')
      throw new CommandFailure(
        exitCodes.failed,
        `${command} succeeded, but ${unfound} cannot be loaded from ${directory}`,
      )
    }
    return missing
  }

  /** Signs in. Asks what to do if it fails. */
  async #try(asked: Draft, directory: string, loopback: boolean): Promise<{ draft: Draft; checked: boolean }> {
    const { terminal, signal } = this.#session
    for (let draft = asked; ; ) {
      const { name, provider, properties } = draft
      const environment = { ...this.#session.environment, ...draft.environment }
      if (!(await this.#wantsTrial(draft, directory, environment))) return { draft, checked: false }
      terminal.say('Signing in …')
      try {
        const entry = { ...entryOf(name, provider, properties, loopback), provider }
        await signIn({ name, entry, directory, environment, signal })
        terminal.say('The credentials are valid.')
        return { draft, checked: true }
      } catch (error) {
        const answer = signal.aborted ? 'stop' : await this.#afterFailure(error)
        if (answer === 'stop') throw error
        if (answer === 'write') return { draft, checked: false }
        draft = { ...draft, ...(await this.#properties(name, provider)) }
      }
    }
  }

  async #wantsTrial({ provider, properties }: Draft, directory: string, environment: Session['environment']) {
    const { check } = this.#given
    if (check === false) return false
    const { terminal } = this.#session
    if (!(await isInstalled(providerPackages[provider], directory))) {
      terminal.say(`Not checked: ${providerPackages[provider]} is not installed.`)
      return false
    }
    const unset = variablesOf(properties).filter((variable) => environment[variable] === undefined)
    if (unset.length === 0)
      return check ?? (await this.#questions?.confirm('Sign in to check the credentials?', true)) ?? true
    if (this.#questions === undefined) {
      throw new UsageFailure(
        `cannot sign in: ${unset.join(', ')} is not set in the environment; set it, or pass --no-check`,
      )
    }
    terminal.say(`Not checked: ${unset.join(', ')} is not set.`)
    return false
  }

  async #afterFailure(error: unknown): Promise<'again' | 'write' | 'stop'> {
    if (this.#questions === undefined || error instanceof Interruption) return 'stop'
    const { terminal } = this.#session
    terminal.say(`${terminal.styledMessage('red', 'Failed:')} ${printable(messageOf(error))}`)
    const others = [
      { value: 'write', label: 'Add it anyway' },
      { value: 'stop', label: 'Cancel' },
    ] as const
    // Options would give the same values again.
    if (this.#given.set !== undefined) return this.#questions.choose<'write' | 'stop'>('What next?', others)
    return this.#questions.choose<'again' | 'write' | 'stop'>('What next?', [
      { value: 'again', label: 'Answer the questions again' },
      ...others,
    ])
  }

  #tellNext(file: string, { name, provider, properties }: Draft, loopback: boolean): void {
    const { terminal, directory, environment } = this.#session
    const shown = relative(directory, file)
    terminal.say(`Added data source "${printable(name)}" to ${printable(shown)}.`)
    for (const secret of plainSecrets(provider, properties)) {
      terminal.say(`The file contains ${secret} as plain text: keep it out of version control.`)
    }
    const unset = variablesOf(properties).filter((variable) => environment[variable] === undefined)
    terminal.say('\nNext:')
    for (const variable of unset) terminal.say(`  set ${variable} in the environment of the application`)
    const option = this.#session.datasources === undefined ? '' : ` --datasources ${printable(shown)}`
    terminal.say(`  npx @stowage/cli ls ${printable(name)}:${option}`)
    terminal.say(
      loopback
        ? `  attach a model to it: "container": {"dataSource": ${JSON.stringify(name)}} in model-config.json`
        : `  (await loadDataSources(${JSON.stringify(shown)})).get(${JSON.stringify(name)}).createStorage()   with @stowage/core`,
    )
  }
}
