using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>
/// Random schedules of faults, each repeatable from its seed. BACKUP_TEST_SCHEDULES sets how many there are, BACKUP_TEST_SEED where they begin: schedule n has the
/// seed of the first and n.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    /// <summary>In a run of all tests there is time for a short one.</summary>
    private const int FewSchedules = 1;

    [Fact]
    public async Task NothingIsLostDoubledOrSilentlyWrongWhateverHappens()
    {
        var schedules = Setting("BACKUP_TEST_SCHEDULES", 0);
        var first = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        var isLong = schedules > 0;
        var failed = new List<string>();
        for (var n = 0; n < (isLong ? schedules : FewSchedules); n++)
        {
            if (await FailureOfAsync(first + n, isLong) is { } failure)
            {
                var again = isLong
                    ? $"./test faults 1 {first + n}"
                    : $"BACKUP_TEST_SEED={first + n} ./test --filter FullyQualifiedName~FaultTests";
                failed.Add($"Seed {first + n} failed; to run it again: {again}\n{failure}");
                Tell(failed[^1]);
            }
        }

        Assert.True(failed.Count == 0, string.Join("\n\n", failed));
    }

    private async Task<string?> FailureOfAsync(int seed, bool isLong)
    {
        var faults = isLong ? 3 + seed % 4 : 2;
        try
        {
            await using var schedule = await FaultSchedule.StartAsync(seed, faults, mayBeReal: isLong, Tell);
            try
            {
                await schedule.RunAsync();
                return null;
            }
            catch (Exception)
            {
                Tell(schedule.Appliance.Output);
                throw;
            }
        }
        catch (Exception failure)
        {
            return failure.ToString();
        }
    }

    /// <summary>At once, too, where it takes long: who waits wants to see that it goes on.</summary>
    private void Tell(string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("BACKUP_TEST_SCHEDULES_LOG") is { } log)
        {
            File.AppendAllText(log, line + "\n");
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
