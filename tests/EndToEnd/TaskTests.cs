using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Jobs as whoever looks after them sees them: listed, explained, cancelled and tried again; also those that the appliance did not survive.</summary>
public sealed class TaskTests
{
    private const int Many = 150_000;

    /// <summary>Stands in the target's connection string, where a password would.</summary>
    private const string Secret = "NotToBeKeptAnywhere";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task ARestoreThatTheApplianceDidNotSurviveIsToldAndGoesOnWhenItIsTriedAgain()
    {
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(Many, new Random(1), 100, 300));
        await using var target = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();

        // As a page begins it: nobody stays on the line.
        var group = (await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, "/caller")).GetProperty("home");
        var uri = $"{target.Uri}&appName={Secret}";
        var plan = JsonSerializer.Serialize(
            new
            {
                into = new
                {
                    deployment = "rs0",
                    uri,
                    parallelism = 1,
                },
            }
        );
        var begun = await HostSocket.SendAsync(appliance.Data, HttpMethod.Post, $"/groups/{group}/restores", plan);
        var id = begun.GetProperty("id").GetString()!;
        var path = $"/groups/{group}/restores/{id}";
        await UntilAsync(async () =>
            (await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, path)).GetProperty("bytes").GetInt64() > 0
        );
        await appliance.KillAsync();
        (await CountAsync(target)).ShouldBeLessThan(Many);

        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await UntilAsync(async () => await StateAsync(appliance, id) == "failed");
        var failed = (await appliance.RunAsync("jobs", "show", id)).Succeeded().Json.GetProperty("job");
        failed.GetProperty("error").GetProperty("code").GetString().ShouldBe("BK9591");
        failed.GetProperty("askedBy").GetString().ShouldBe("host");
        (await appliance.RunAsync("jobs", "retry", id)).ErrorCode.ShouldBe("BK9593", "its target was never stored");
        var again = (await appliance.RunAsync("jobs", "retry", id, "--to", uri)).Succeeded().Json;
        var next = again.GetProperty("job").GetProperty("id").GetString()!;
        again.GetProperty("job").GetProperty("retryOf").GetString().ShouldBe(id);
        await UntilAsync(async () => await StateAsync(appliance, next) is "succeeded" or "failed");
        (await StateAsync(appliance, next)).ShouldBe("succeeded");
        (await CountAsync(target)).ShouldBe(Many);

        var log = (await appliance.RunAsync("jobs", "log", next)).Succeeded().Json.EnumerateArray().ToList();
        log[^1].GetProperty("text").GetString().ShouldBe("Done");
        (await appliance.RunAsync("jobs", "log", id))
            .Succeeded()
            .Json.EnumerateArray()
            .Last()
            .GetProperty("trouble")
            .GetBoolean()
            .ShouldBeTrue();
        var listed = (await appliance.RunAsync("jobs", "list")).Succeeded().Json.EnumerateArray().ToList();
        listed.Select(static one => one.GetProperty("job").GetProperty("kind").GetString()).ShouldContain("snapshot");
        listed[0].GetProperty("job").GetProperty("id").GetString().ShouldBe(next, "newest first");
        (await appliance.RunAsync("alerts", "list", "--all")).Succeeded().Output.ShouldContain("restore-failed");
        (await appliance.RunAsync("jobs", "retry", next)).ErrorCode.ShouldBe("BK9592", "it ended well");
        (await appliance.RunAsync("jobs", "show", "nothing")).ErrorCode.ShouldBe("BK9594");

        // The history of jobs is what it was after the appliance stopped, and of targets it has the hosts alone.
        (await appliance.StopAsync()).ShouldBe(0);
        foreach (var file in Directory.EnumerateFiles(appliance.Data, "*", SearchOption.AllDirectories))
        {
            (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)).ShouldBe(-1, file);
        }

        (await StateAsync(appliance, next)).ShouldBe("succeeded");
    }

    private static async Task<string?> StateAsync(ApplianceProcess appliance, string job) =>
        (await appliance.RunAsync("jobs", "show", job))
            .Succeeded()
            .Json.GetProperty("job")
            .GetProperty("state")
            .GetString();

    private static async Task<long> CountAsync(TestSource target) =>
        (await target.RunAsync("shop", """{"count":"orders"}""")).View["n"u8].ToInt64();

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }
}
