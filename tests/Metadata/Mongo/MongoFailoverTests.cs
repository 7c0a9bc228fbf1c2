using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>A set of three whose primary dies or steps down while much is written: what was acknowledged is there, what failed has a number.</summary>
public sealed class MongoFailoverTests
{
    [Fact]
    public async Task On_the_sandbox_nothing_that_was_acknowledged_is_lost_with_a_primary()
    {
        await using var set = await SandboxSet.StartAsync();
        await NothingIsLostAsync(set);
    }

    [RealMongoFact]
    public async Task On_mongod_nothing_that_was_acknowledged_is_lost_with_a_primary()
    {
        await using var set = await RealReplicaSet.StartAsync();
        await NothingIsLostAsync(set);
    }

    [Fact]
    public async Task Without_a_majority_a_call_ends_with_a_numbered_error_and_goes_on_with_one()
    {
        await using var set = await SandboxSet.StartAsync();
        var options = new MongoMetadataOptions
        {
            RetryFor = TimeSpan.FromSeconds(2),
            SelectionTimeout = TimeSpan.FromSeconds(2),
        };
        await using var store = await MongoMetadataStore.OpenAsync(set.ConnectionString, "backup", options);
        await store.Settings.SetAsync("a", "1");
        var primary = await set.PrimaryAsync();
        var others = Enumerable.Range(0, set.Count).Where(number => number != primary).ToList();
        foreach (var number in others)
        {
            await set.KillAsync(number);
        }

        var failure = await Should.ThrowAsync<BackupException>(() => store.Settings.SetAsync("a", "2"));
        failure.Number.ShouldBeOneOf(MetadataErrors.CommitUnknown, MetadataErrors.MongoIsUnreachable);
        failure.IsTransient.ShouldBeTrue();
        foreach (var number in others)
        {
            await set.ReviveAsync(number);
        }

        await Eventually.WorksAsync(() => store.Settings.SetAsync("a", "3"));
        (await store.Settings.FindAsync("a")).ShouldBe("3");
    }

    private static async Task NothingIsLostAsync(ReplicaSetUnderTest set)
    {
        await using var store = await MongoMetadataStore.OpenAsync(set.ConnectionString, "backup");
        using var stop = new CancellationTokenSource();
        var acknowledged = 0;
        var unknown = 0;
        var writers = Enumerable
            .Range(0, 3)
            .Select(writer =>
                Task.Run(async () =>
                {
                    var last = -1;
                    for (var n = 0; !stop.IsCancellationRequested; n++)
                    {
                        try
                        {
                            (await store.Settings.EnsureAsync($"w{writer}-{n}", $"{n}")).ShouldBe($"{n}");
                            last = n;
                            Interlocked.Increment(ref acknowledged);
                        }
                        catch (BackupException failure)
                        {
                            failure.Number.ShouldBeInRange(6000, 6999);
                            failure.IsTransient.ShouldBeTrue(failure.ToString());
                            Interlocked.Increment(ref unknown);
                            n--;
                        }
                    }

                    return last;
                })
            )
            .ToList();
        foreach (var round in Enumerable.Range(0, 2))
        {
            var before = Volatile.Read(ref acknowledged);
            await Eventually.IsAsync(() => Volatile.Read(ref acknowledged) > before + 20);
            var primary = await set.PrimaryAsync();
            await set.KillAsync(primary);
            before = Volatile.Read(ref acknowledged);
            await Eventually.IsAsync(() => Volatile.Read(ref acknowledged) > before + 20);
            await set.ReviveAsync(primary);
            await Eventually.WorksAsync(() => set.WaitForStateAsync(primary, 2));
            round.ShouldBeLessThan(2);
        }

        await stop.CancelAsync();
        var lasts = await Task.WhenAll(writers);
        foreach (var (writer, last) in lasts.Index())
        {
            for (var n = 0; n <= last; n++)
            {
                (await store.Settings.FindAsync($"w{writer}-{n}")).ShouldBe($"{n}", $"writer {writer}");
            }
        }
    }
}

/// <summary>Waits for what has to come, two minutes at most.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static async Task IsAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public static async Task WorksAsync(Func<Task> work)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (BackupException failure) when (failure.IsTransient)
            {
                await Task.Delay(100, limit.Token);
            }
        }
    }
}
