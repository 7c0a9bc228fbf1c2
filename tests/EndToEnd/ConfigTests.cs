using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>The configuration file: what is wrong with it is told with its line, and what is set counts.</summary>
public sealed class ConfigTests
{
    [Fact]
    public async Task TheInstalledFileIsTheOneThatTheCommandPrintsAndIsGood()
    {
        var installed = SourceTree.At("installer", "appliance.yaml");
        var printed = await ApplianceProcess.CommandAsync("config", "default");
        printed
            .Succeeded()
            .Output.ShouldBe(
                await File.ReadAllTextAsync(installed),
                "run: ./backup config default > installer/appliance.yaml"
            );
        (await ApplianceProcess.CommandAsync("config", "check", "--config", installed)).Succeeded();

        // With every comment of a key taken away it says the defaults, or examples.
        using var files = new TemporaryFolder();
        var whole = files.File("whole.yaml");
        await File.WriteAllLinesAsync(whole, (await File.ReadAllLinesAsync(installed)).Select(Uncommented));
        var set = await ApplianceProcess.CommandAsync(
            "config",
            "show",
            "--json",
            "--config",
            await WithoutSecretFileAsync(whole)
        );
        set.Succeeded().Json.GetArrayLength().ShouldBeGreaterThan(16);
        set.Output.ShouldNotContain("mongodb://", Case.Sensitive, "a connection string may hold a password");
    }

    [Fact]
    public async Task EverythingThatIsWrongIsToldWithItsLineAndAWayOut()
    {
        using var files = new TemporaryFolder();
        var file = files.File("wrong.yaml");
        await File.WriteAllTextAsync(
            file,
            """
            agents:
              cursor: 3
              key_days: many
            http:
              address: example.org
            protect: mysql://user:secret@host
            nonsense: 1
            """
        );
        var checkedFile = await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file);
        checkedFile.ExitCode.ShouldBe(1);
        var mistakes = checkedFile.Json.GetProperty("mistakes").EnumerateArray().Select(Text).ToList();
        mistakes.Count.ShouldBe(5);
        mistakes[0]
            .ShouldBe(
                $"BK9671 {file} line 2: 'agents.cursor': there is no such key. Perhaps 'agents.cursors' is meant."
            );
        mistakes[1].ShouldStartWith($"BK9672 {file} line 3: 'agents.key_days': it is 'many'.");
        mistakes[2].ShouldStartWith($"BK9672 {file} line 5: 'http.address'");
        mistakes[3].ShouldStartWith($"BK9672 {file} line 6: 'protect'");
        mistakes[4].ShouldStartWith($"BK9671 {file} line 7: 'nonsense'");
        checkedFile.Output.ShouldNotContain("secret");

        await File.WriteAllTextAsync(file, "http:\n  port: 1\n  port: 2\n");
        (await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file)).ErrorCode.ShouldBe(
            "BK9670"
        );
        await File.WriteAllTextAsync(file, "http: [\n");
        (await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file)).ErrorCode.ShouldBe(
            "BK9670"
        );
        (
            await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", files.File("none"))
        ).ErrorCode.ShouldBe("BK9670");

        var open = files.File("protect");
        await File.WriteAllTextAsync(open, "mongodb://localhost/\n");
        File.SetUnixFileMode(open, (UnixFileMode)0b110_100_100);
        await File.WriteAllTextAsync(file, $"protect_file: {open}\n");
        (await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file))
            .Json.GetProperty("mistakes")[0]
            .GetProperty("code")
            .GetString()
            .ShouldBe("BK9673", "others may read it");
        File.SetUnixFileMode(open, (UnixFileMode)0b110_000_000);
        (await ApplianceProcess.CommandAsync("config", "check", "--config", file)).Succeeded();

        static string Text(JsonElement one) =>
            $"{one.GetProperty("code")} {one.GetProperty("message")} {one.GetProperty("hint").GetString()!.Replace(" 'backup config default' prints a file with every key.", "", StringComparison.Ordinal)}";
    }

    [Fact]
    public async Task AnApplianceDoesWhatItsFileSaysTheEnvironmentGoesBeforeItAndOptionsBeforeBoth()
    {
        using var files = new TemporaryFolder();
        await using var source = await TestSource.SandboxAsync();
        var (file, protect, data) = (files.File("appliance.yaml"), files.File("protect"), files.File("data"));
        await File.WriteAllTextAsync(protect, $"# ours\n{source.Uri}\n");
        File.SetUnixFileMode(protect, (UnixFileMode)0b110_000_000);
        await File.WriteAllTextAsync(
            file,
            $"""
            data: {data}
            protect_file: {protect}
            agents:
              port: 1
              cursors: 5
            log:
              format: json
            """
        );
        await using var appliance = new ApplianceProcess(protect: null, data);
        appliance.Variables["BACKUP_CONFIG"] = file;
        appliance.Variables["BACKUP_AGENT_CURSORS"] = "7";
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("source", "rs0")).Succeeded().Json.GetProperty("cursors").GetInt32().ShouldBe(7);
        var log = Directory.EnumerateFiles(Path.Combine(data, "log")).Single();
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        JsonSerializer
            .Deserialize<JsonElement>((await reader.ReadLineAsync())!)
            .GetProperty("Level")
            .GetString()
            .ShouldNotBeNull();
        (await appliance.StopAsync()).ShouldBe(0);
    }

    /// <summary>A key stands right behind the mark, what is below it behind two spaces; what explains it behind one.</summary>
    private static string Uncommented(string line)
    {
        var text = line.TrimStart();
        var explains =
            text.StartsWith("# ", StringComparison.Ordinal) && !text.StartsWith("#  ", StringComparison.Ordinal);
        return text.StartsWith('#') && !explains ? line.Replace("#", "", StringComparison.Ordinal) : line;
    }

    /// <summary>The example names a file that is not there.</summary>
    private static async Task<string> WithoutSecretFileAsync(string path)
    {
        var lines = await File.ReadAllLinesAsync(path);
        await File.WriteAllLinesAsync(
            path,
            lines.Where(static line => !line.StartsWith("protect_file", StringComparison.Ordinal))
        );
        return path;
    }
}
