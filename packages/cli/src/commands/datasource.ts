/**
 * `stowage datasource`: an entry of `datasources.json`, step by step or by options.
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
    description: "a property, once for each; '${NAME}' in a value stands for a variable of the environment",
  },
  yes: { type: 'boolean', short: 'y', description: 'ask nothing: what is not given stays as it is by default' },
  check: { type: 'boolean', negative: true, description: 'do not try the credentials by signing in' },
  install: { type: 'boolean', negative: true, description: "do not install the provider's package" },
  replace: { type: 'boolean', description: 'put it in the place of an entry of that name' },
  loopback: { type: 'boolean', description: 'for LoopBack: names its connector; found out by itself in LoopBack 3' },
} as const

type Options = Given<typeof options>

export const datasource = defineCommand({
  name: 'datasource',
  usage: '[options]',
  summary: 'Makes a data source in datasources.json',
  details: `
Asks for what the options do not say: name, service, credentials. Secrets are best kept in the environment, and the file then
refers to them as \${NAME}. Nothing is written before all is answered, the package is there and the credentials were tried.
All else in the file stays as it is. Where nobody can be asked, the options have to say it all:

  stowage datasource --name photos --provider azure \\
    --set storageAccount=contoso --set 'storageAccessKey=\${AZURE_KEY}'

Properties, beside those that every data source takes (partSize, parallelism, maxFileSize, …):
${Object.entries(providers)
  .map(([name, { properties }]) => `  ${name.padEnd(12)}${Object.keys(properties).join(', ')}`)
  .join('\n')}`,
  options,
  async run(given, operands, session) {
    if (operands.length > 0) throw new UsageFailure('datasource takes options alone; see: stowage datasource --help')
    await new Making(given, session).run()
  },
})

async function packagesMissing(names: readonly string[], directory: string): Promise<readonly string[]> {
  const installed = await Promise.all(names.map((name) => isInstalled(name, directory)))
  return names.filter((_, index) => !installed[index])
}

/** What the data source is to be. */
interface Draft extends Answers {
  readonly name: string
  readonly provider: ProviderName
  readonly replace: boolean
}

class Making {
  readonly #given: Options
  readonly #session: Session
  /** Nobody to ask when left out. */
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
      if (name === undefined) throw new UsageFailure('--name is needed where nobody can be asked')
      const wrong = checkName(name)
      if (wrong !== undefined) throw new UsageFailure(wrong)
      if (replace || !taken.has(name)) return { name, replace }
      if (this.#questions === undefined) throw entryExists(file, name)
      const answer = await this.#questions.choose(`There is a data source ${printable(name)} already.`, [
        { value: 'other', label: 'Give the new one another name' },
        { value: 'replace', label: 'Put the new one in its place' },
        { value: 'stop', label: 'Leave everything as it is' },
      ])
      if (answer === 'stop') throw entryExists(file, name)
      if (answer === 'replace') return { name, replace: true }
    }
  }

  async #provider(): Promise<ProviderName> {
    const { provider } = this.#given
    if (provider === undefined) {
      if (this.#questions === undefined) throw new UsageFailure('--provider is needed where nobody can be asked')
      return chooseProvider(this.#questions)
    }
    if (isProviderName(provider)) return provider
    throw new UsageFailure(`--provider must be one of ${Object.keys(providers).join(', ')}, not ${provider}`)
  }

  async #properties(name: string, provider: ProviderName): Promise<Answers> {
    const { set, check = true } = this.#given
    if (this.#questions !== undefined && set === undefined) {
      const { environment } = this.#session
      return askForProperties(this.#questions, { name, provider, environment, trial: check })
    }
    const properties = parseAssignments(provider, set ?? [])
    const missing = whatIsMissing(provider, properties)
    if (missing !== undefined) throw new UsageFailure(`${provider} needs ${missing}: --set property=value`)
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
      const wanted = (await this.#questions?.confirm(`Install what is missing? (${command})`, true)) ?? true
      if (!wanted) return []
    }
    await install(installation, terminal, signal)
    const [unfound] = await packagesMissing(missing, directory)
    if (unfound !== undefined) {
      const command = [installation.command, ...installation.args].join(' ')
      throw new CommandFailure(exitCodes.failed, `${command} ended well, but ${unfound} is not found from ${directory}`)
    }
    return missing
  }

  /** Signs in, and asks what to do when that fails. */
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
        terminal.say('The credentials are good.')
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
      terminal.say(`Not tried: ${providerPackages[provider]} is not installed.`)
      return false
    }
    const unset = variablesOf(properties).filter((variable) => environment[variable] === undefined)
    if (unset.length === 0) return check ?? (await this.#questions?.confirm('Try it by signing in?', true)) ?? true
    if (this.#questions === undefined) {
      throw new UsageFailure(
        `${unset.join(', ')}: not set in the environment, so it cannot be tried; set it, or give --no-check`,
      )
    }
    terminal.say(`Not tried: ${unset.join(', ')} is not set.`)
    return false
  }

  async #afterFailure(error: unknown): Promise<'again' | 'write' | 'stop'> {
    if (this.#questions === undefined || error instanceof Interruption) return 'stop'
    const { terminal } = this.#session
    terminal.say(`${terminal.styledMessage('red', 'That failed:')} ${printable(messageOf(error))}`)
    const others = [
      { value: 'write', label: 'Write it nevertheless' },
      { value: 'stop', label: 'Stop, and write nothing' },
    ] as const
    // What was given by options would be the same again.
    if (this.#given.set !== undefined) return this.#questions.choose<'write' | 'stop'>('What now?', others)
    return this.#questions.choose<'again' | 'write' | 'stop'>('What now?', [
      { value: 'again', label: 'Answer the questions again' },
      ...others,
    ])
  }

  #tellNext(file: string, { name, provider, properties }: Draft, loopback: boolean): void {
    const { terminal, directory, environment } = this.#session
    const shown = relative(directory, file)
    terminal.say(`The data source ${printable(name)} is in ${printable(shown)}.`)
    for (const secret of plainSecrets(provider, properties)) {
      terminal.say(`Its ${secret} stands there in plain text: keep the file out of version control.`)
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
