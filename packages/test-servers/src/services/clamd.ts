import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { requirePackages, searchPath, versionOf } from '../hosting/debian.js'
import { NativeGroup } from '../hosting/native-group.js'
import { freePort } from '../hosting/ports.js'
import { inGroup } from '../hosting/server-group.js'

const packages = ['clamav-daemon']

/** ClamAV's daemon, whose only signature is that of EICAR's test file. */
export interface ClamdEndpoint {
  /** The path of its socket. */
  readonly socket: string
  /** On 127.0.0.1. */
  readonly port: number
  /** Bytes: it closes the connection of a larger stream. */
  readonly streamMaxLength: number
  /** Bytes: of a larger file it scans nothing, and says that it exceeds a limit. */
  readonly maxFileSize: number
  /** The name and version of the server. */
  readonly server: string
}

export interface ClamdServer extends ClamdEndpoint {
  stop(): Promise<void>
}

/** In two halves, so that no scanner finds it in this file. */
const eicar = `${'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR'}${'-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`

/** Starts Debian's clamd with a database of one line: no signature is downloaded. */
export async function startClamd(): Promise<ClamdServer> {
  await requirePackages('clamd', packages)
  return inGroup(await NativeGroup.create('clamd'), async (group) => {
    const port = await freePort()
    const socket = join(group.directory, 'clamd.sock')
    const limits = { streamMaxLength: 8 * 1024 * 1024, maxFileSize: 7 * 1024 * 1024 }
    await group.makeDirectories('database')
    await group.write('database/test.ndb', `Eicar-Test:0:*:${Buffer.from(eicar).toString('hex')}\n`)
    const lines = [
      `DatabaseDirectory ${join(group.directory, 'database')}`,
      `LocalSocket ${socket}`,
      `TCPAddr 127.0.0.1`,
      `TCPSocket ${port}`,
      'Foreground yes',
      `StreamMaxLength ${limits.streamMaxLength}`,
      `MaxScanSize ${limits.maxFileSize}`,
      `MaxFileSize ${limits.maxFileSize}`,
      'AlertExceedsMax yes',
    ]
    await group.write('clamd.conf', `${lines.join('\n')}\n`)
    await group.start({
      name: 'clamd',
      command: 'clamd',
      args: ['--config-file', join(group.directory, 'clamd.conf')],
      env: { PATH: searchPath },
    })
    await group.until('the socket of clamd', 60_000, async () =>
      access(socket).then(
        () => true,
        () => false,
      ),
    )
    const server = `clamd ${await versionOf('clamav-daemon')}`
    return { socket, port, ...limits, server, stop: () => group.stop() }
  })
}
