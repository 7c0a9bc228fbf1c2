using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.ModelShipping;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>A head follows its deployment's filter: what is left out leaves at one entry, what is new comes with a copy of it alone.</summary>
public sealed class FilterTests
{
    private static readonly NamespaceFilter[] Filters =
    [
        NamespaceFilter.Everything,
        NamespaceFilter.Of([], ["shop.renamed*"]),
        NamespaceFilter.Of([], ["shop.items"]),
        NamespaceFilter.Of(["shop.orders", "shop.renamed*"], []),
        NamespaceFilter.Of(["shop.items", "shop.other"], ["shop.other"]),
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 5)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Whatever_is_renamed_across_the_border_and_however_the_filter_changes_what_is_held_is_the_source(
        int seed
    )
    {
        var random = new Random(seed);
        var model = new SourceModel(random, (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3600);
        await using var daemon = await DaemonFixture.StartAsync();
        var filter = Filters[random.Next(Filters.Length)];
        await daemon.Metadata.Deployments.SetNamespacesAsync("d1", filter);
        foreach (var name in new[] { "shop.orders", "shop.items", "shop.other", "shop.renamed1" })
        {
            model.Add(name);
        }

        await SyncAsync(daemon, model, filter);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        for (var round = 0; round < 2; round++)
        {
            await WriteAsync(daemon, model, random, 12);
            filter = Filters[random.Next(Filters.Length)];
            await daemon.Metadata.Deployments.SetNamespacesAsync("d1", filter);
            await MaybeRestartAsync(daemon, random);
            await SettleAsync(daemon, model, random, filter);
        }

        var contents = await daemon.SnapshotAsync();
        contents.Keys.Order().ShouldBe(model.Truth.Values.Select(one => one.Namespace).Where(filter.Includes).Order());
        foreach (var snapshot in await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))
        {
            var (truth, _) = model.At(snapshot.Optime);
            var (restored, result) = await daemon.RestoreSnapshotAsync(snapshot);
            ShouldBeTrue(restored, truth);
            // Between two filters a collection may be held that was renamed meanwhile; what both include is there or told to be missing.
            var filters = snapshot.Filters is null
                ? []
                : System.Text.Json.JsonSerializer.Deserialize(snapshot.Filters, AgentJson.Default.NamespaceFilters)!;
            var named = restored.Keys.Concat(result.Excluded.Select(one => one.Namespace));
            truth
                .Values.Where(one => one.Texts.Count > 0 && NamespaceFilters.Include(filters, one.Namespace))
                .Select(one => one.Namespace)
                .Except(named)
                .ShouldBeEmpty($"at {snapshot.Optime} under {string.Join(" and ", filters)}");
        }

        var first = (await daemon.TimelineAsync()).Ranges[0].From.T;
        for (var t = first; t <= model.Now.T; t += (uint)random.Next(1, 12))
        {
            var (restored, _) = await daemon.RestoreAsync(RestorePoint.UpTo(new Optime(t, 1)));
            ShouldBeTrue(restored, model.At(new Optime(t, 1)).Truth);
        }
    }

    [Fact]
    public async Task A_narrowed_filter_leaves_old_snapshots_and_says_since_when_and_a_restore_names_it()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var model = new SourceModel(new Random(1), (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3600);
        model.Add("shop.orders");
        model.Add("shop.items");
        await SyncAsync(daemon, model, NamespaceFilter.Everything);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        (await daemon.SnapshotAsync()).Keys.Order().ShouldBe(["shop.items", "shop.orders"]);
        var before = model.Now;
        model.Noop();
        await ShipAsync(daemon, model);
        await daemon.WaitForOptimeAsync(model.Now);

        var filter = NamespaceFilter.Of([], ["shop.items"]);
        await daemon.Metadata.Deployments.SetNamespacesAsync("d1", filter);
        await daemon.UntilAsync(async () => (await daemon.TimelineAsync()).Events.Count == 2, () => "no events");

        var events = (await daemon.TimelineAsync()).Events;
        events
            .Select(one => (one.Kind, one.Namespace, one.At))
            .ShouldBe([(TimelineEventKind.Left, "shop.items", model.Now), (TimelineEventKind.Filter, null, model.Now)]);
        (await daemon.Metadata.PartialSyncs.ListAsync("s1")).ShouldBeEmpty("nothing is new");
        (await daemon.RestoreNewestSnapshotAsync()).Contents.Keys.ShouldBe(["shop.orders"]);
        (await daemon.RestoreAsync(RestorePoint.UpTo(before)))
            .Contents.Keys.Order()
            .ShouldBe(["shop.items", "shop.orders"]);
        (await daemon.RestoreAsync(RestorePoint.UpTo(model.Now))).Contents.Keys.ShouldBe(["shop.orders"]);
        (await daemon.FailureOfRestoreAsync(RestorePoint.UpTo(model.Now), "shop.items")).ShouldBe(
            (9016, $"'shop.items' is not in this backup: what was backed up then is {filter}.")
        );
        (await daemon.FailureOfRestoreAsync(RestorePoint.UpTo(model.Now), "shop.none")).Number.ShouldBe(9017);
    }

    /// <summary>Serves what the head asks for, as an agent does, until it asks for nothing more.</summary>
    private static async Task SettleAsync(
        DaemonFixture daemon,
        SourceModel model,
        Random random,
        NamespaceFilter filter
    )
    {
        for (var quiet = 0; quiet < 2; )
        {
            model.Settle();
            model.Noop();
            await ShipAsync(daemon, model);
            await daemon.WaitForOptimeAsync(model.Now);
            await Task.Delay(50);
            var partials = await daemon.Metadata.PartialSyncs.ListAsync("s1");
            partials.Where(one => one.Failure is not null).Select(one => one.Failure).ShouldBeEmpty();
            if (partials.FirstOrDefault(one => one.State == SyncState.Wanted) is { } wanted)
            {
                quiet = 0;
                await CopyAsync(daemon, model, random, wanted);
                continue;
            }

            var newest = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id)).FirstOrDefault();
            var inForce = newest?.Filters is { } json
                ? System.Text.Json.JsonSerializer.Deserialize(json, AgentJson.Default.NamespaceFilters)!
                : [];
            var isDone =
                newest is not null
                && partials.All(one => !one.IsOpen)
                && inForce.SequenceEqual(NamespaceFilters.Of(filter));
            quiet = isDone ? quiet + 1 : 0;
        }
    }

    private static async Task CopyAsync(DaemonFixture daemon, SourceModel model, Random random, SyncRecord wanted)
    {
        model.Noop();
        var begin = model.Now;
        await WriteAsync(daemon, model, random, random.Next(6));
        var selects = wanted.Order!.Selector();
        var listed = model.Truth.Values.Where(one => selects(one.Namespace)).ToList();
        await ShipAsync(daemon, model);
        await daemon.Source.BeginPartialAsync(wanted.Id, begin, [.. listed.Select(one => (one.Namespace, one.Uuid))]);
        foreach (var one in listed)
        {
            if (model.Truth.TryGetValue(one.Uuid, out var now) && now.Texts.Count > 0)
            {
                await daemon.Source.CopyRangeAsync(
                    wanted.Id,
                    one.Uuid,
                    0,
                    [.. now.Texts.Select(pair => Document(pair.Key, pair.Value))]
                );
            }

            await daemon.Metadata.Syncs.CollectionDoneAsync(wanted.Id, one.Uuid, 0);
            await WriteAsync(daemon, model, random, random.Next(8));
            await MaybeRestartAsync(daemon, random);
        }

        model.Noop();
        await daemon.Metadata.Syncs.CopiedAsync(wanted.Id, model.Now);
        await MaybeRestartAsync(daemon, random);
        await WriteAsync(daemon, model, random, random.Next(6));
        model.Settle();
        await ShipAsync(daemon, model);
        await daemon.UntilAsync(
            async () => !(await daemon.Metadata.Syncs.FindAsync(wanted.Id))!.IsOpen,
            () => $"the copy {wanted.Order} is not taken over: {daemon.Host?.Trouble(daemon.Source.Set.Id)}"
        );
    }

    private static async Task MaybeRestartAsync(DaemonFixture daemon, Random random)
    {
        if (random.Next(5) == 0)
        {
            await daemon.StopAsync();
            daemon.Start();
        }
    }

    private static async Task SyncAsync(DaemonFixture daemon, SourceModel model, NamespaceFilter filter)
    {
        var listed = model.Truth.Values.Where(one => filter.Includes(one.Namespace)).ToList();
        listed.ForEach(one => daemon.Source.Lists(one.Namespace, one.Uuid));
        model.Noop();
        await daemon.Source.BeginAsync("s1", model.Now, filter: filter);
        foreach (var one in listed)
        {
            await daemon.Source.CopyAsync(one.Uuid, [.. one.Texts.Select(pair => Document(pair.Key, pair.Value))]);
            await daemon.Source.DoneAsync(one.Uuid);
        }

        await daemon.Source.CopiedAsync(model.Now);
        await ShipAsync(daemon, model);
    }

    /// <summary>Whatever is restored is what the source had.</summary>
    private static void ShouldBeTrue(
        Dictionary<string, SortedDictionary<int, string>> restored,
        Dictionary<Guid, ModelCollection> truth
    )
    {
        var wanted = SourceModel.Contents(truth);
        foreach (var (ns, texts) in restored)
        {
            texts.ShouldBe(wanted[ns], ns);
        }
    }
}
