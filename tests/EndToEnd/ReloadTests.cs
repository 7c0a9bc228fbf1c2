using System.Diagnostics;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>SIGHUP, as <c>systemctl reload</c> sends it.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task WhatMayChangeWhileItRunsChangesAndTheRestIsSaid()
    {
        using var files = new TemporaryFolder();
        var file = files.File("appliance.yaml");
        await File.WriteAllTextAsync(file, "agents:\n  cursors: 3\nlog:\n  level: warning\n");
        await using var appliance = new ApplianceProcess(protect: null);
        appliance.Variables["BACKUP_CONFIG"] = file;
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await CursorsAsync(appliance)).ShouldBe(3);

        await File.WriteAllTextAsync(
            file,
            "agents:\n  cursors: 5\n  key_days: 7\nlog:\n  level: information\nprotect: mongodb://u:hunter2@h/\n"
        );
        await ApplianceProcess.SignalAsync(appliance.ProcessId, "-HUP");
        await WaitForLogAsync(appliance, "was read anew");
        (await CursorsAsync(appliance)).ShouldBe(5);
        var log = await appliance.LogAsync();
        log.ShouldContain("agents.cursors is 5 from now on; it was 3");
        log.ShouldContain("log.level is information from now on; it was warning");
        log.ShouldContain("agents.key_days is another one in the file than at the start");
        log.ShouldContain("protect is another one");
        log.ShouldNotContain("hunter2");

        await File.WriteAllTextAsync(file, "agents:\n  cursors: many\n");
        await ApplianceProcess.SignalAsync(appliance.ProcessId, "-HUP");
        await WaitForLogAsync(appliance, "BK9672");
        (await CursorsAsync(appliance)).ShouldBe(5, "a file with a mistake changes nothing");
        (await appliance.StopAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task TheCheckSaysWhatAReloadIsEnoughFor()
    {
        using var files = new TemporaryFolder();
        var file = files.File("appliance.yaml");
        await File.WriteAllTextAsync(file, "agents:\n  cursors: 3\n  port: 9000\nlog:\n  level: debug\n");
        var good = (await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file))
            .Succeeded()
            .Json;
        Names(good, "reload").ShouldBe(["agents.cursors", "log.level"]);
        Names(good, "restart").ShouldBe(["agents.port"]);

        // What is wrong in files that it names is told with the rest.
        await File.WriteAllTextAsync(
            file,
            $"protect_file: {files.File("none")}\nmetadata_file: {files.File("none")}\nstores:\n  main: ftp://x\n"
        );
        var wrong = await ApplianceProcess.CommandAsync("config", "check", "--json", "--config", file);
        wrong.ExitCode.ShouldBe(1);
        wrong
            .Json.GetProperty("mistakes")
            .EnumerateArray()
            .Select(static one => one.GetProperty("code").GetString())
            .ShouldBe(["BK9673", "BK9673", "BK9750"]);

        static IEnumerable<string?> Names(JsonElement json, string of) =>
            json.GetProperty(of).EnumerateArray().Select(static one => one.GetString());
    }

    private static async Task<int> CursorsAsync(ApplianceProcess appliance) =>
        (await appliance.RunAsync("source", "sandbox")).Succeeded().Json.GetProperty("cursors").GetInt32();

    private static async Task WaitForLogAsync(ApplianceProcess appliance, string text)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var log = await appliance.LogAsync();
            if (log.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), $"'{text}' is not in the log:\n{log}");
        }
    }
}
