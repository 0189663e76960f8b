import { type InstallOptions, requirePackages, searchPath, versionOf } from '../hosting/debian.js'
import { NativeGroup } from '../hosting/native-group.js'
import { inGroup } from '../hosting/server-group.js'

const packages = ['nginx-light']

/** Makes sure that nginx is installed; returns what it is, with its version. */
export async function requireNginx(options: InstallOptions = {}): Promise<{ readonly server: string }> {
  await requirePackages('nginx', packages, options)
  return { server: `nginx ${await versionOf('nginx-light')}` }
}

export interface Nginx {
  /** Stops it and removes its directory. */
  stop(): Promise<void>
}

/**
 * Starts nginx with the contents of its `http` block, which must listen on the given URL.
 *
 * @param http - The block's directives, `upstream` and `server` for example.
 * @param url - A URL at which nginx must respond before this returns.
 */
export async function startNginx(http: string, url: string): Promise<Nginx> {
  return inGroup(await NativeGroup.create('nginx'), async (group) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    await group.makeDirectories(...temporary)
    const lines = [
      // Only root may name the account of the workers.
      ...(process.getuid?.() === 0 ? [`user ${group.account.name};`] : []),
      'daemon off;',
      'pid nginx.pid;',
      'error_log stderr;',
      'events {}',
      'http {',
      'access_log off;',
      ...temporary.map((name) => `${name}_temp_path ${name};`),
      http,
      '}',
    ]
    await group.write('nginx.conf', lines.join('\n'))
    await group.start({
      name: 'nginx',
      command: 'nginx',
      args: ['-e', 'stderr', '-p', group.directory, '-c', 'nginx.conf'],
      env: { PATH: searchPath },
    })
    await group.untilResponding(url)
    return { stop: () => group.stop() }
  })
}
