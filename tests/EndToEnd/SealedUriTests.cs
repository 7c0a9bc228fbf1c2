using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>A source that wants a password: the catalogue has it sealed, agents have it, and another host has it once it is given anew.</summary>
public sealed class SealedUriTests
{
    private const string Password = "qW7-source-password";

    private static readonly SandboxOptions WithUser = new()
    {
        ReplicaSetName = "rs0",
        Users = [new SandboxUser("keeper", Password, "root")],
    };

    [Fact]
    public async Task ThePasswordOfASourceIsInNoFileButReachesTheAgentAlsoAfterARestartAndOnAnotherHost()
    {
        await using var source = await TestSource.SandboxAsync(WithUser, WithPassword);
        await source.InsertAsync("shop", "orders", SourceContent.Many(100, new Random(1), 50, 60));
        using var files = new TemporaryFolder();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        FilesWithPassword(appliance.Data).ShouldBeEmpty();
        (await appliance.StopAsync()).ShouldBe(0);

        // Nothing names it any more: the catalogue alone knows where the source is.
        appliance.Protect = null;
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await source.InsertAsync("shop", "later", SourceContent.Many(20, new Random(2), 50, 60));
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.RunAsync("status")).Succeeded().Output.ShouldNotContain(Password);
        var export = files.File("backup.bkmeta");
        (await appliance.RunAsync("metadata", "export", export)).Succeeded();
        (await appliance.RunAsync("metadata", "finish-upgrade"))
            .Succeeded()
            .Json.GetProperty("wasWaiting")
            .GetBoolean()
            .ShouldBeFalse();
        (await appliance.StopAsync()).ShouldBe(0);
        FilesWithPassword(appliance.Data).ShouldBeEmpty();

        // The key is lost: the deployment says so, and nothing is copied a second time.
        foreach (var lost in Directory.EnumerateFiles(appliance.Data, "metadata.db*"))
        {
            File.Delete(lost);
        }

        File.Delete(Path.Combine(appliance.Data, "secrets", "box.key"));
        var report = (await appliance.RunAsync("metadata", "import", export)).Succeeded().Json;
        report.GetProperty("unopenedUris").EnumerateArray().Select(static one => one.GetString()).ShouldBe(["rs0"]);
        appliance.Protect = source.Uri;
        appliance.Up();
        var status = await DeploymentAsync(appliance, static one => one.TryGetProperty("error", out _));
        status.GetProperty("error").GetProperty("code").GetString().ShouldBe("BK6345");
        status.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("BK1007");

        await File.WriteAllTextAsync(files.File("uri"), source.Uri + "\n");
        (await appliance.RunAsync("deployments", "set-uri", "rs0", source.Uri)).ErrorCode.ShouldBe("BK9501");
        var set = (await appliance.RunAsync("deployments", "set-uri", "rs0", files.File("uri"))).Succeeded();
        set.Output.ShouldNotContain(Password);
        await source.InsertAsync("shop", "anew", SourceContent.Many(20, new Random(3), 50, 60));
        await appliance.WaitForStateAsync("tailing");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.RunAsync("status")).Succeeded().Json.GetProperty("deployments").GetArrayLength().ShouldBe(1);
        FilesWithPassword(appliance.Data).ShouldBeEmpty();
    }

    private static string WithPassword(string uri) =>
        uri.Replace("mongodb://", $"mongodb://keeper:{Password}@", StringComparison.Ordinal) + "&authSource=admin";

    private static async Task<JsonElement> DeploymentAsync(ApplianceProcess appliance, Func<JsonElement, bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(300))
        {
            var status = await appliance.RunAsync("status");
            if (status.ExitCode == 0 && status.Json.GetProperty("running").GetBoolean())
            {
                var one = status.Json.GetProperty("deployments").EnumerateArray().ShouldHaveSingleItem();
                if (wanted(one))
                {
                    return one;
                }
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), status.Output + status.Errors);
        }
    }

    /// <summary>Whatever the appliance has stored: the catalogue, which is there in any case, and all else.</summary>
    private static List<string> FilesWithPassword(string folder)
    {
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
        files.ShouldContain(Path.Combine(folder, "metadata.db"));
        return [.. files.Where(HoldsPassword)];
    }

    private static bool HoldsPassword(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(Password)) >= 0;
        }
        catch (IOException)
        {
            // One that has gone meanwhile, a socket, or the file that the process locks, which is empty.
            file.ShouldNotContain("metadata.db");
            return false;
        }
    }
}
