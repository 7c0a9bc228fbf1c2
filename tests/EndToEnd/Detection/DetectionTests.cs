using System.Globalization;
using Backup.Tests.AlertService;
using Backup.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary>
/// How soon a mail is there after a fault of a live set-up: processes of their own, a real mail server, real sources where there are any, thresholds as they are by default.
/// BACKUP_TEST_DETECTION says which faults, or <c>all</c>.
/// </summary>
public sealed class DetectionTests(ITestOutputHelper output)
{
    private readonly Lock _telling = new();

    [DetectionFact]
    public async Task EachFaultIsMailedWithinTwoMinutes()
    {
        var wanted = DetectionFactAttribute.Wanted!;
        var faults = DetectionFaults.All.Where(one => wanted == "all" || wanted.Split(',').Contains(one.Key)).ToList();
        Assert.True(
            faults.Count > 0,
            $"no such fault: {wanted}. There are {string.Join(", ", DetectionFaults.All.Keys)}."
        );

        // All at once: most of the time somebody waits.
        var runs = await Task.WhenAll(faults.Select(one => RunAsync(one.Key, one.Value)));
        var found = runs.SelectMany(static one => one.Found)
            .OrderBy(static one => one.Fault, StringComparer.Ordinal)
            .ToList();
        Tell("");
        foreach (var one in found)
        {
            var seconds = one.Seconds.ToString("0.0", CultureInfo.InvariantCulture);
            Tell($"{one.Fault, -20} {seconds, 6} s  {one.Since}; {one.Subject}");
        }

        var failed = runs.Select(static one => one.Failure).OfType<Exception>().ToList();
        Assert.True(failed.Count == 0, string.Join("\n\n", failed));
        Assert.All(found, static one => Assert.InRange(one.Seconds, 0, DetectionScene.Limit.TotalSeconds));
    }

    private async Task<(List<Detection> Found, Exception? Failure)> RunAsync(
        string name,
        Func<Action<string>, Task<List<Detection>>> fault
    )
    {
        try
        {
            return (await fault(Tell), null);
        }
        catch (Exception failure)
        {
            Tell($"{name}: {failure.Message}");
            return ([], failure);
        }
    }

    /// <summary>At once, too: who waits wants to see that it goes on.</summary>
    private void Tell(string line)
    {
        lock (_telling)
        {
            output.WriteLine(line);
            if (Environment.GetEnvironmentVariable("BACKUP_TEST_SCHEDULES_LOG") is { } log)
            {
                File.AppendAllText(log, line + "\n");
            }
        }
    }
}

/// <summary>Takes minutes: run by <c>./test detection</c>. Needs Debian's python3-aiosmtpd.</summary>
public sealed class DetectionFactAttribute() : ConditionalFactAttribute(Missing())
{
    internal static string? Wanted => Environment.GetEnvironmentVariable("BACKUP_TEST_DETECTION");

    private static string? Missing() =>
        Wanted is null ? "SKIPPED: ./test detection runs it" : SmtpFactAttribute.Missing();
}
