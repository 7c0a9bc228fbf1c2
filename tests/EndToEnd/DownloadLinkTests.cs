using System.Diagnostics;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>What <c>backup links create</c> prints is done as it is printed, by curl, sha256sum and mongorestore.</summary>
public sealed class DownloadLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [RealRestoreFact]
    public async Task The_printed_lines_download_go_on_and_check_and_mongorestore_takes_what_came()
    {
        await using var source = await TestSource.RealAsync();
        var random = new Random(5);
        await source.InsertAsync("shop", "orders", SourceContent.Many(8_000, random, 2_000, 6_000));
        await source.InsertAsync("shop", "items", SourceContent.Many(500, random, 100, 500));
        await source.RunAsync("shop", """{"createIndexes":"orders","indexes":[{"key":{"n":1},"name":"n_1"}]}""");
        await using var appliance = new ApplianceProcess(source.Uri) { AgentsPort = FreePorts.One() };
        appliance.Up();
        await appliance.WaitForStateAsync("tailing", Patience);
        var snapshot = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        using var folder = new TemporaryFolder();
        await using var target = await TestSource.RealAsync();

        var made = await CreateAsync(appliance, "--snapshot", RestoreCheck.Id(snapshot));
        var file = folder.File(Text(made, "link", "fileName"));
        await CutAsync(Text(made, "curl"), folder, file, () => Task.CompletedTask);
        await GoOnAsync(made, folder);
        await RestoreEqualsAsync(source, target, $"--archive={file}");

        // The same as a moment, packed in another form; this time the appliance is killed.
        var optime = snapshot.GetProperty("optime");
        var moment = await CreateAsync(
            appliance,
            "--optime",
            $"{optime.GetProperty("t")},{optime.GetProperty("i")}",
            "--format",
            "directory",
            "--gzip",
            "--no-checksum"
        );
        var tar = folder.File(Text(moment, "link", "fileName"));
        await CutAsync(Text(moment, "curl"), folder, tar, appliance.KillAsync);
        appliance.Up();
        while (await HostSocket.StatusAsync(appliance.Data) is null)
        {
            await Task.Delay(100);
        }

        await GoOnAsync(moment, folder);
        await ShouldRunAsync($"tar -xf '{Text(moment, "link", "fileName")}'", folder);
        await RestoreEqualsAsync(source, target, "--gzip", $"--dir={folder.Path}");

        var packed = folder.File("packed.gz");
        (await appliance.RunAsync("restore", "rs0", "--latest", "--gzip", "--output", packed)).Succeeded();
        await RestoreEqualsAsync(source, target, "--gzip", $"--archive={packed}");
        await EndsAsync(appliance, made, folder);
    }

    /// <summary>A link that is used up, revoked or of another server gives nothing; the records tell all that was done, and no secret.</summary>
    private static async Task EndsAsync(ApplianceProcess appliance, JsonElement made, TemporaryFolder folder)
    {
        (await ShellAsync(Text(made, "curl").Replace("-C - ", ""), folder)).ExitCode.ShouldBe(
            22,
            "the link is used up"
        );
        var (code, said) = await ShellAsync($"curl -s --insecure '{Text(made, "url")}'", folder);
        code.ShouldBe(0);
        said.ShouldContain("BK8063");
        var other = await CreateAsync(appliance, "--latest", "--uses", "3");
        var pin = Text(other, "pin");
        var wrong = Text(other, "curl").Replace(pin, "sha256//" + Convert.ToBase64String(new byte[32]));
        (await ShellAsync(wrong, folder)).ExitCode.ShouldBe(90, "another key than the one that is pinned");

        var id = Text(other, "link", "id");
        var open = (await appliance.RunAsync("links", "list")).Succeeded().Json.EnumerateArray().ToList();
        open.ConvertAll(static one => one.GetProperty("id").GetString()).ShouldBe([id]);
        Text((await appliance.RunAsync("links", "revoke", id)).Succeeded().Json, "state").ShouldBe("revoked");
        (await ShellAsync(Text(other, "curl"), folder)).ExitCode.ShouldBe(22);
        Text((await appliance.RunAsync("links", "show", id)).Succeeded().Json, "state").ShouldBe("revoked");
        (await appliance.RunAsync("links", "show", "none")).ErrorCode.ShouldBe("BK9540");
        (await appliance.RunAsync("links", "list")).Succeeded().Json.GetArrayLength().ShouldBe(0);
        (await appliance.RunAsync("links", "list", "--all")).Succeeded().Json.GetArrayLength().ShouldBe(3);

        var audit = (await appliance.RunAsync("audit", "--since", "1h")).Succeeded();
        var records = audit
            .Json.EnumerateArray()
            .Select(static one => $"{Text(one, "action")} {Text(one, "outcome")}")
            .ToList();
        records.First(static one => one.StartsWith("link.", StringComparison.Ordinal)).ShouldBe("link.create ok");
        records.ShouldContain("link.download cut");
        records.ShouldContain("link.download ok");
        records.ShouldContain("link.download refused");
        records.ShouldContain("link.revoke ok");
        var secrets = new[] { made, other }
            .Select(static one => new Uri(Text(one, "url")).Segments[3].Trim('/'))
            .ToList();
        var written =
            audit.Output
            + string.Concat(Directory.EnumerateFiles(Path.Combine(appliance.Data, "log")).Select(ReadShared));
        written.ShouldContain(id);
        foreach (var secret in secrets)
        {
            written.ShouldNotContain(secret);
        }
    }

    private static async Task<JsonElement> CreateAsync(ApplianceProcess appliance, params string[] how) =>
        (await appliance.RunAsync(["links", "create", "rs0", .. how])).Succeeded().Json;

    /// <summary>The line as it is printed, slowed down by curl's own settings, cut when some of it is there.</summary>
    /// <param name="line">To run.</param>
    /// <param name="folder">Where.</param>
    /// <param name="file">That it writes.</param>
    /// <param name="kill">What is killed beside curl.</param>
    private static async Task CutAsync(string line, TemporaryFolder folder, string file, Func<Task> kill)
    {
        await File.WriteAllTextAsync(folder.File(".curlrc"), "limit-rate = 4M\n");
        using var curl = Start($"exec {line}", folder);
        var errors = curl.StandardError.ReadToEndAsync();
        var watch = Stopwatch.StartNew();
        while (!File.Exists(file) || new FileInfo(file).Length < 1 << 20)
        {
            (curl.HasExited || watch.Elapsed > Patience).ShouldBeFalse();
            await Task.Delay(10);
        }

        await kill();
        curl.Kill();
        await curl.WaitForExitAsync();
        _ = await errors;
        File.Delete(folder.File(".curlrc"));
        new FileInfo(file).Length.ShouldBeLessThan(12 << 20);
    }

    private static async Task GoOnAsync(JsonElement made, TemporaryFolder folder)
    {
        await ShouldRunAsync(Text(made, "curl"), folder);
        var said = await ShouldRunAsync(Text(made, "verify"), folder);
        said.ShouldContain($"{Text(made, "link", "fileName")}: OK");
    }

    private static async Task RestoreEqualsAsync(TestSource source, TestSource target, params string[] from)
    {
        var (exitCode, said) = await MongoTools.RunAsync(
            "mongorestore",
            [$"--uri={target.Uri}", "--stopOnError", "--drop", .. from]
        );
        exitCode.ShouldBe(0, said);
        said.ShouldContain(" 0 document(s) failed");
        (await target.CatalogueAsync()).ShouldBe(await source.CatalogueAsync(), ignoreOrder: true);
        var (restored, held) = (await target.HashesAsync(), await source.HashesAsync());
        RestoreCheck.ShouldBeSame(RestoreCheck.Flat(restored), RestoreCheck.Flat(held));
    }

    private static async Task<string> ShouldRunAsync(string line, TemporaryFolder folder)
    {
        var (exitCode, said) = await ShellAsync(line, folder);
        exitCode.ShouldBe(0, $"{line}\n{said}");
        return said;
    }

    private static async Task<(int ExitCode, string Said)> ShellAsync(string line, TemporaryFolder folder)
    {
        using var shell = Start(line, folder);
        var output = shell.StandardOutput.ReadToEndAsync();
        var errors = shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync().WaitAsync(Patience);
        return (shell.ExitCode, await output + await errors);
    }

    private static Process Start(string line, TemporaryFolder folder)
    {
        var start = new ProcessStartInfo("sh", ["-c", line])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder.Path;
        start.Environment["CURL_HOME"] = folder.Path;
        return Process.Start(start)!;
    }

    private static string ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static string Text(JsonElement element, params string[] path) =>
        path.Aggregate(element, static (at, name) => at.GetProperty(name)).GetString()!;
}
