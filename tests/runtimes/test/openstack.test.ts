import { describeServer } from '@stowage/test-servers'
import { conformEverywhere } from '../src/conform.ts'

describeServer('swift', ({ userDomainName: domainName, ...server }) => {
  const { authUrl, username, password, projectName, region, projectDomainName } = server
  const settings = { authUrl, username, password, projectName, region, domainName, projectDomainName }
  conformEverywhere('openstack', () => settings)
})
