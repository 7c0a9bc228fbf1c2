using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backup.Tests.Support;
using Backup.Tests.Support.Documented;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// README and the documents, as a newcomer follows them: each command that they show is typed as it stands, beside one appliance with its sandbox. Words that
/// stand for something of the reader's own (rs0, ID, EMAIL, a moment) are what they are there. tests/House holds which are run, and why others are not.
/// </summary>
public sealed partial class DocumentedCommandTests
{
    private const string Person = "ada@example.org";
    private const string Password = "seven otters sing";

    [Fact]
    public async Task EveryDocumentedCommandDoesItsWork()
    {
        using var files = new TemporaryFolder();
        await using var appliance = new ApplianceProcess(protect: null);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await appliance.WaitForOutputAsync("snapshot ");
        var run = DocumentedCommand
            .All.Where(static one => DocumentedPlan.All[one.Text].Because is null)
            .DistinctBy(static one => one.Text)
            .OrderBy(static one => DocumentedPlan.All[one.Text].Order)
            .ToList();
        run.Count.ShouldBeGreaterThan(70);
        var failed = new List<string>();
        foreach (var (index, one) in run.Index())
        {
            // Each in a folder of its own: what one writes is in no other's way.
            var here = Directory.CreateDirectory(files.File(index.ToString(CultureInfo.InvariantCulture))).FullName;
            var words = await FillAsync(appliance, one, here);
            var (code, told) = await TypeAsync(appliance, words, here);
            if (code != 0)
            {
                failed.Add($"{one}\n  typed: backup {string.Join(' ', words)}\n  answered {code}: {told}");
            }
        }

        failed.ShouldBeEmpty();
    }

    private static async Task<List<string>> FillAsync(ApplianceProcess appliance, DocumentedCommand one, string here)
    {
        var words = new List<string>();
        foreach (var word in one.Words)
        {
            words.Add(
                word switch
                {
                    "rs0" or "NAME" => "sandbox",
                    "/srv/backup" => appliance.Data,
                    "/mnt/elsewhere/backup.bkmeta" => Path.Combine(here, "backup.bkmeta"),
                    "EMAIL" => Person,
                    "FILE" => await FileAsync(one.Text, here),
                    "12" => await AlertAsync(appliance),
                    "JOB" => await VerificationAsync(appliance),
                    "LINK" => await LinkAsync(appliance),
                    "ID" or "17" or "5f0c2e8d9b1e8a0001a3f2c4" when one.Words[0] is "get" or "history" =>
                        await DocumentAsync(appliance),
                    "ID" or "SNAPSHOT" => await SnapshotAsync(appliance),
                    "1795255200,3" => await MomentAsync(
                        appliance,
                        static range =>
                            $"{range.GetProperty("optime").GetProperty("t")},{range.GetProperty("optime").GetProperty("i")}"
                    ),
                    _ when Moments().IsMatch(word) => await MomentAsync(
                        appliance,
                        static range =>
                            range
                                .GetProperty("time")
                                .GetDateTimeOffset()
                                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
                    ),
                    _ => word,
                }
            );
        }

        return words;
    }

    private static async Task<string> FileAsync(string command, string here)
    {
        var path = Path.Combine(here, "file");
        var text = command switch
        {
            _ when command.Contains("--slack-url-file", StringComparison.Ordinal) => "https://chat.example.org/in/1",
            _ when command.Contains("--secret-file", StringComparison.Ordinal) => "a key of sixteen and more",
            _ when command.Contains("set-uri", StringComparison.Ordinal) => "mongodb://127.0.0.1:9/?replicaSet=sandbox",
            // Nobody answers there: an agent goes on trying.
            _ =>
                $"mongodb://127.0.0.1:9/?replicaSet={(command.Contains("--include", StringComparison.Ordinal) ? "second" : "first")}",
        };
        await File.WriteAllTextAsync(path, text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>One is that the only account has no second factor.</summary>
    private static async Task<string> AlertAsync(ApplianceProcess appliance)
    {
        // They are looked for every few seconds.
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(500))
        {
            var open = (await appliance.RunAsync("alerts", "list")).Succeeded().Json;
            if (open.GetArrayLength() > 0)
            {
                return open[0].GetProperty("id").ToString();
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), "there is no alert");
        }
    }

    private static async Task<string> VerificationAsync(ApplianceProcess appliance) =>
        (await appliance.RunAsync("jobs", "list", "--limit", "100"))
            .Succeeded()
            .Json.EnumerateArray()
            .Select(static one => one.GetProperty("job"))
            .First(static one =>
                one.GetProperty("kind").GetString() == "verify" && one.GetProperty("state").GetString() == "succeeded"
            )
            .GetProperty("id")
            .GetString()!;

    private static async Task<string> LinkAsync(ApplianceProcess appliance)
    {
        var made = (await appliance.RunAsync("links", "create", "sandbox", "--latest")).Succeeded().Json;
        return made.GetProperty("link").GetProperty("id").GetString()!;
    }

    private static async Task<string> SnapshotAsync(ApplianceProcess appliance) =>
        RestoreCheck.Id((await appliance.RunAsync("snapshot", "sandbox", "--wait")).Succeeded().Json);

    /// <summary>Of an order that is in the newest snapshot.</summary>
    private static async Task<string> DocumentAsync(ApplianceProcess appliance)
    {
        _ = await SnapshotAsync(appliance);
        string[] restore = ["restore", "sandbox", "--latest", "--namespace", "shop.orders", "--format", "ndjson"];
        var (data, report) = await appliance.StreamAsync([.. restore, "--output", "-"]);
        report.ExitCode.ShouldBe(0, report.Errors);
        var lines = System.Text.Encoding.UTF8.GetString(data).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Neither the newest, which was not there a second ago, nor the oldest, which goes next.
        var line = lines[lines.Length / 2];
        return JsonSerializer.Deserialize<JsonElement>(line).GetProperty("doc").GetProperty("_id").GetRawText();
    }

    private static async Task<string> MomentAsync(ApplianceProcess appliance, Func<JsonElement, string> of)
    {
        var ranges = (await appliance.RunAsync("ranges", "sandbox")).Succeeded().Json.GetProperty("ranges");
        return of(ranges[ranges.GetArrayLength() - 1].GetProperty("to"));
    }

    /// <summary>As at a terminal, but that what it asks for is on its standard input.</summary>
    private static async Task<(int Code, string Told)> TypeAsync(
        ApplianceProcess appliance,
        List<string> words,
        string here
    )
    {
        var start = new ProcessStartInfo(Path.Combine(appliance.App, "backup"), words)
        {
            WorkingDirectory = here,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BACKUP_DATA"] = appliance.Data;
        start.Environment["BACKUP_CONFIG"] = "";
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteLineAsync(Password);
        process.StandardInput.Close();
        var told = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return (process.ExitCode, string.Concat(told));
    }

    [GeneratedRegex(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Moments();
}
