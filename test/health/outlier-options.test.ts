import { describe, expect, it } from 'vitest';
import { outlierConfig } from '../../dist/src/options/outlier.js';

describe('options of outlier detection', () => {
  it("defaults are A50's, but for the workers that the failure percentage needs", () => {
    expect(outlierConfig()).toEqual({
      interval: 10_000,
      baseEjectionTime: 30_000,
      maxEjectionTime: 300_000,
      maxEjectionPercent: 10,
      successRate: { stdevFactor: 1900, enforcementPercentage: 100, minimumHosts: 5, requestVolume: 100 },
      failurePercentage: { threshold: 85, enforcementPercentage: 100, minimumHosts: 2, requestVolume: 50 },
      consecutiveFailures: { threshold: 5, enforcementPercentage: 100 },
    });
  });

  it('keeps what is given and fills in the rest', () => {
    const config = outlierConfig({ interval: 5, successRate: { stdevFactor: 50 }, failurePercentage: false });
    expect(config).toMatchObject({
      interval: 5,
      successRate: { stdevFactor: 50, minimumHosts: 5 },
      failurePercentage: false,
    });
  });

  const bad: [unknown, string, string][] = [
    [null, 'outlierDetection', 'null'],
    [{ interval: 0 }, 'outlierDetection.interval', '0'],
    [{ interval: '10s' }, 'outlierDetection.interval', "'10s'"],
    [{ baseEjectionTime: -1 }, 'outlierDetection.baseEjectionTime', '-1'],
    [{ maxEjectionTime: Number.POSITIVE_INFINITY }, 'outlierDetection.maxEjectionTime', 'Infinity'],
    [{ maxEjectionPercent: 101 }, 'outlierDetection.maxEjectionPercent', '101'],
    [{ maxEjectionPercent: Number.NaN }, 'outlierDetection.maxEjectionPercent', 'NaN'],
    [
      { successRate: { enforcementPercentage: 101 } },
      'outlierDetection.successRate.enforcementPercentage',
      '101',
    ],
    [{ successRate: { minimumHosts: 1.5 } }, 'outlierDetection.successRate.minimumHosts', '1.5'],
    [{ successRate: true }, 'outlierDetection.successRate', 'true'],
    [{ failurePercentage: { threshold: 101 } }, 'outlierDetection.failurePercentage.threshold', '101'],
    [{ consecutiveFailures: { threshold: 0 } }, 'outlierDetection.consecutiveFailures.threshold', '0'],
    [{ intervall: 1 }, 'outlierDetection.intervall', 'an unknown option'],
  ];
  it.each(bad)('%j is refused, naming %s', (given, option, shown) => {
    expect(() => outlierConfig(given as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        option,
        message: expect.stringContaining(`got ${shown}`),
      }),
    );
  });
});
