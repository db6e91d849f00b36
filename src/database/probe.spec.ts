import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/config.js';
import { judgeVersion } from './probe.js';

describe(judgeVersion.name, () => {
  it.each([
    ['8.0.1', 'mysql', '8.0.1'],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql', '8.0.36'],
    ['8.4.3', 'mysql', '8.4.3'],
    ['9.1.0-commercial', 'mysql', '9.1.0'],
    ['10.6.0-MariaDB', 'mariadb', '10.6.0'],
    ['10.11.6-MariaDB-0+deb12u1', 'mariadb', '10.11.6'],
    ['11.4.2-MariaDB-ubu2404', 'mariadb', '11.4.2'],
    // What MariaDB told replicas of its early days, and some proxies still do.
    ['5.5.5-10.6.18-MariaDB-log', 'mariadb', '10.6.18'],
  ])('should take %s as %s %s', (text, flavour, version) => {
    expect(judgeVersion(text)).toEqual({ flavour, version });
  });

  it.each([
    ['5.7.44-log', 'mysql 5.7.44'],
    ['8.0.0-dmr', 'mysql 8.0.0'],
    ['5.5.68-MariaDB', 'mariadb 5.5.68'],
    ['10.5.27-MariaDB-1:10.5.27+maria~deb11', 'mariadb 10.5.27'],
    ['5.5.5-10.3.39-MariaDB-log', 'mariadb 10.3.39'],
    ['something else', 'mysql (unknown version)'],
    ['', 'mysql (unknown version)'],
  ])('should refuse %s, which has no SKIP LOCKED', (text, told) => {
    expect(() => judgeVersion(text)).toThrow(ConfigError);
    expect(() => judgeVersion(text)).toThrow(
      `DATABASE_URL: the server is ${told}; MySQL 8.0.1 or MariaDB 10.6 is needed`,
    );
  });
});
