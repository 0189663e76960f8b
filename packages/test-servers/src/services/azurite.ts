import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { fromEnvironment } from '../environment.js'
import { NativeGroup } from '../hosting/native-group.js'
import { freePort } from '../hosting/ports.js'
import { inGroup } from '../hosting/server-group.js'

const require = createRequire(import.meta.url)

/** What a client needs to reach Azure Blob Storage. */
export interface AzureEndpoint {
  readonly storageAccount: string
  /** Base64. */
  readonly storageAccessKey: string
  /** `http://127.0.0.1:…/<account>`, or `https://<account>.blob.core.windows.net`. */
  readonly endpoint: string
  readonly connectionString: string
  /** The name and version of the server. */
  readonly server: string
  /** Whether it is Azurite, which accepts some things that Azure refuses. */
  readonly emulated: boolean
}

export interface AzureServer extends AzureEndpoint {
  stop(): Promise<void>
}

/** Accounts of Azurite for tests that set what holds for a whole account, such as CORS rules. */
const ownAccounts = ['stowagedemo', 'stowageorigins', 'stowageuppy'] as const
export type OwnAccount = (typeof ownAccounts)[number]

/**
 * The account for one test file, which no other file uses at the same time. A real service has one
 * account for all.
 */
export function ownAccount(shared: AzureEndpoint, account: OwnAccount): AzureEndpoint {
  if (!shared.emulated) return shared
  return { ...shared, ...describe(account, shared.storageAccessKey, new URL(account, shared.endpoint).href) }
}

/**
 * Azure Blob Storage: a real account if `STOWAGE_TEST_AZURE_ACCOUNT` and `STOWAGE_TEST_AZURE_KEY`
 * are set (`STOWAGE_TEST_AZURE_ENDPOINT` for other clouds), else Azurite, with an account that
 * exists only for this run.
 */
export async function startAzurite(): Promise<AzureServer> {
  const real = fromEnvironment('AZURE', ['ACCOUNT', 'KEY'], ['ENDPOINT'])
  if (real !== undefined) {
    const endpoint = real.ENDPOINT ?? `https://${real.ACCOUNT}.blob.core.windows.net`
    return {
      ...describe(real.ACCOUNT, real.KEY, endpoint),
      server: 'Azure Blob Storage',
      emulated: false,
      stop: async () => undefined,
    }
  }
  return inGroup(await NativeGroup.create('azurite'), async (group) => {
    const port = await freePort()
    const account = 'stowagetests'
    const key = randomBytes(64).toString('base64')
    await group.start({
      name: 'azurite',
      command: process.execPath,
      args: [
        require.resolve('azurite/dist/src/blob/main.js'),
        '--silent',
        '--disableTelemetry',
        // New versions of the client use newer versions of the API than Azurite accepts.
        '--skipApiVersionCheck',
        // Its five seconds end connections that a client is just about to use again.
        ...['--blobKeepAliveTimeout', '60'],
        ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', group.directory],
      ],
      env: { AZURITE_ACCOUNTS: [account, ...ownAccounts].map((each) => `${each}:${key}`).join(';'), NODE_OPTIONS: '' },
    })
    await group.untilResponding(`http://127.0.0.1:${port}/`)
    const endpoint = `http://127.0.0.1:${port}/${account}`
    const { version } = require('azurite/package.json') as { version: string }
    return {
      ...describe(account, key, endpoint),
      server: `Azurite ${version}`,
      emulated: true,
      stop: () => group.stop(),
    }
  })
}

function describe(storageAccount: string, storageAccessKey: string, endpoint: string) {
  const connectionString = Object.entries({
    DefaultEndpointsProtocol: new URL(endpoint).protocol.slice(0, -1),
    AccountName: storageAccount,
    AccountKey: storageAccessKey,
    BlobEndpoint: endpoint,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join(';')
  return { storageAccount, storageAccessKey, endpoint, connectionString }
}
