using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    private static readonly LinkSource SnapshotSource = new(
        LinkSource.ReplicaSet,
        "set1",
        "rs0",
        "snapshot1",
        null,
        ["shop.orders", "shop.ü*"],
        "archive",
        true
    );

    [Fact]
    public async Task A_link_is_kept_with_all_that_it_leads_to()
    {
        var snapshot = NewLink(1, SnapshotSource);
        var moment = NewLink(
            2,
            SnapshotSource with
            {
                SnapshotId = null,
                AtMost = At(300, uint.MaxValue),
                Gzip = false,
            }
        ) with
        {
            Content = new LinkContent("t", null, null),
        };
        await Store.Links.AddAsync(snapshot);
        await Store.Links.AddAsync(moment);
        await ReopenAsync();
        ShouldBeSame((await Store.Links.FindAsync(snapshot.Id))!, snapshot);
        ShouldBeSame((await Store.Links.FindAsync(moment.Id))!, moment);
        (await Store.Links.ListAsync()).Select(static one => one.Id).ShouldBe([moment.Id, snapshot.Id]);
        (await Store.Links.FindAsync("none")).ShouldBeNull();
        await ShouldFailAsync(MetadataErrors.AlreadyThere, () => Store.Links.AddAsync(snapshot));
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.Links.AddAsync(NewLink(3, SnapshotSource) with { SecretHash = snapshot.SecretHash })
        );
    }

    [Fact]
    public async Task A_download_from_the_start_is_a_use_and_one_that_goes_on_is_not()
    {
        var link = await LinkAsync(uses: 2);
        (await BeginAsync(link)).ShouldBe(LinkVerdict.Begun);
        (await BeginAsync(link, isPart: true)).ShouldBe(LinkVerdict.GoesOn);
        (await BeginAsync(link, isPart: true)).ShouldBe(LinkVerdict.GoesOn);
        (await UsesAsync(link)).ShouldBe((1, 0));
        await Store.Links.FinishAsync(link.Id);
        (await UsesAsync(link)).ShouldBe((1, 1));
        await Store.Links.FinishAsync(link.Id);
        (await UsesAsync(link)).ShouldBe((1, 1), "what was not begun does not end");

        (await BeginAsync(link, isPart: true)).ShouldBe(LinkVerdict.Begun, "nothing is left to go on with");
        (await BeginAsync(link)).ShouldBe(LinkVerdict.UsedUp);
        (await BeginAsync(link, isPart: true)).ShouldBe(LinkVerdict.GoesOn);
        await Store.Links.FinishAsync(link.Id);
        (await BeginAsync(link, isPart: true)).ShouldBe(LinkVerdict.UsedUp);
        (await UsesAsync(link)).ShouldBe((2, 2));
    }

    [Fact]
    public async Task A_use_of_which_no_byte_went_out_can_be_given_back_and_a_finished_one_cannot()
    {
        var link = await LinkAsync(uses: 1);
        await BeginAsync(link);
        await Store.Links.GiveBackAsync(link.Id);
        (await UsesAsync(link)).ShouldBe((0, 0));
        (await BeginAsync(link)).ShouldBe(LinkVerdict.Begun);
        await Store.Links.FinishAsync(link.Id);
        await Store.Links.GiveBackAsync(link.Id);
        (await UsesAsync(link)).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Of_many_downloads_that_begin_at_once_only_as_many_as_allowed_do()
    {
        var link = await LinkAsync(uses: 3);
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => BeginAsync(link)));
        verdicts.Count(static one => one == LinkVerdict.Begun).ShouldBe(3);
        verdicts.Count(static one => one == LinkVerdict.UsedUp).ShouldBe(17);
    }

    [Fact]
    public async Task A_link_ends_at_its_time_or_when_it_is_revoked()
    {
        var (expiring, revoked) = (await LinkAsync(), await LinkAsync());
        await BeginAsync(expiring);
        Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        (await BeginAsync(expiring, isPart: true)).ShouldBe(LinkVerdict.GoesOn);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        (await BeginAsync(expiring, isPart: true)).ShouldBe(LinkVerdict.Expired);

        await Store.Links.RevokeAsync(revoked.Id, Time.GetUtcNow());
        var at = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.Links.RevokeAsync(revoked.Id, Time.GetUtcNow());
        (await Store.Links.FindAsync(revoked.Id))!.RevokedAt.ShouldBe(at);
        (await BeginAsync(revoked)).ShouldBe(LinkVerdict.Revoked);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Links.RevokeAsync("none", at));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Links.BeginAsync("none", false, at));
    }

    [Fact]
    public async Task Size_and_sum_hold_for_the_bytes_that_they_were_found_out_of()
    {
        var link = await LinkAsync();
        (await Store.Links.SetSumAsync(link.Id, "a", 5, Hash(1))).ShouldBeFalse("nothing was opened");
        await Store.Links.SetTagAsync(link.Id, "a");
        (await Store.Links.SetSumAsync(link.Id, "b", 5, Hash(1))).ShouldBeFalse();
        (await Store.Links.SetSumAsync(link.Id, "a", 5, Hash(1))).ShouldBeTrue();
        await Store.Links.SetTagAsync(link.Id, "a");
        var known = (await Store.Links.FindAsync(link.Id))!.Content!;
        (known.Tag, known.Bytes).ShouldBe(("a", 5));
        known.Sha256.ShouldBe(Hash(1));
        await BeginAsync(link);
        await Store.Links.SetTagAsync(link.Id, "a");
        (await UsesAsync(link)).ShouldBe((1, 0));
        await Store.Links.SetTagAsync(link.Id, "b");
        (await Store.Links.FindAsync(link.Id))!.Content.ShouldBe(new LinkContent("b", null, null));
        (await UsesAsync(link)).ShouldBe((0, 0), "what was begun cannot be gone on with");
    }

    [Fact]
    public async Task Sums_are_wanted_of_links_that_can_still_be_used()
    {
        var (first, second, quiet) = (
            await LinkAsync(),
            await LinkAsync(),
            NewLink(9, SnapshotSource) with
            {
                WantsSum = false,
            }
        );
        await Store.Links.AddAsync(quiet);
        (await WantingAsync()).ShouldBe([first.Id, second.Id]);
        await Store.Links.SetTroubleAsync(first.Id, "the disk is bad");
        (await Store.Links.FindAsync(first.Id))!.Trouble.ShouldBe("the disk is bad");
        (await WantingAsync()).ShouldBe([second.Id]);
        await Store.Links.SetTagAsync(first.Id, "x");
        (await WantingAsync()).ShouldBe([first.Id, second.Id], "other bytes, another try");
        await Store.Links.SetSumAsync(first.Id, "x", 1, Hash(2));
        await Store.Links.RevokeAsync(second.Id, Time.GetUtcNow());
        (await WantingAsync()).ShouldBeEmpty();
        await LinkAsync();
        Time.Advance(TimeSpan.FromHours(2));
        (await WantingAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Audit_records_are_listed_in_their_order_from_a_time_on()
    {
        var first = new AuditRecord(Time.GetUtcNow(), "root", "local", "link.create", "rs0", AuditOutcomes.Ok);
        await Store.Audit.AddAsync(first);
        Time.Advance(TimeSpan.FromMinutes(1));
        var second = new AuditRecord(Time.GetUtcNow(), "link a", "10.0.0.1", "link.download", "rs0", AuditOutcomes.Cut)
        {
            Bytes = 17,
            Code = "BK8061",
            Details = "ended",
        };
        await Store.Audit.AddAsync(second);
        await Store.Audit.AddAsync(second with { Outcome = AuditOutcomes.Ok });
        await ReopenAsync();
        var listed = await Store.Audit.ListAsync(default, 10);
        listed
            .Select(static record => record with { Ordinal = 0 })
            .ShouldBe([first, second, second with { Outcome = AuditOutcomes.Ok }]);
        listed.Select(static record => record.Ordinal).ShouldBe([1, 2, 3]);
        (await Store.Audit.ListAsync(second.At, 10)).ShouldBe(listed.Skip(1));
        (await Store.Audit.ListAsync(default, 1)).ShouldBe(listed.Skip(2));
    }

    [Fact]
    public async Task Audit_records_are_found_by_group_page_by_page_newest_first()
    {
        for (var n = 0; n < 9; n++)
        {
            var group = (n % 3) switch
            {
                0 => "a",
                1 => "b",
                _ => null,
            };
            await Store.Audit.AddAsync(
                new AuditRecord(Time.GetUtcNow(), $"n{n}", "local", "x", "", AuditOutcomes.Ok) { GroupId = group }
            );
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        (await ActorsAsync(new AuditQuery("a", 10))).ShouldBe(["n6", "n3", "n0"]);
        (await ActorsAsync(new AuditQuery(null, 10))).ShouldBe(["n8", "n5", "n2"]);
        (await ActorsAsync(new AuditQuery("b", 3) { WithAppliance = true })).ShouldBe(["n8", "n7", "n5"]);
        (await ActorsAsync(new AuditQuery("b", 3) { WithAppliance = true, Before = 6 })).ShouldBe(["n4", "n2", "n1"]);
        (await ActorsAsync(new AuditQuery("a", 10) { Since = Time.GetUtcNow() - TimeSpan.FromMinutes(6) })).ShouldBe([
            "n6",
            "n3",
        ]);

        async Task<IEnumerable<string>> ActorsAsync(AuditQuery query) =>
            (await Store.Audit.FindAsync(query)).Select(static record => record.Actor);
    }

    private DownloadLink NewLink(byte seed, LinkSource source, int uses = 1) =>
        new(
            $"link{seed}-{Guid.NewGuid():N}",
            [.. Guid.NewGuid().ToByteArray(), seed],
            source,
            "rs0.archive.gz",
            Time.GetUtcNow(),
            Time.GetUtcNow().AddHours(1),
            uses,
            true
        );

    private async Task<DownloadLink> LinkAsync(int uses = 1)
    {
        var link = NewLink(1, SnapshotSource, uses);
        await Store.Links.AddAsync(link);
        return link;
    }

    private Task<LinkVerdict> BeginAsync(DownloadLink link, bool isPart = false) =>
        Store.Links.BeginAsync(link.Id, isPart, Time.GetUtcNow());

    private async Task<(int, int)> UsesAsync(DownloadLink link)
    {
        var found = (await Store.Links.FindAsync(link.Id))!;
        return (found.Begun, found.Finished);
    }

    private async Task<List<string>> WantingAsync() =>
        [.. (await Store.Links.WantingSumAsync(Time.GetUtcNow())).Select(static one => one.Id)];

    private static void ShouldBeSame(DownloadLink found, DownloadLink wanted)
    {
        found.SecretHash.ShouldBe(wanted.SecretHash);
        found.Source.Namespaces.ShouldBe(wanted.Source.Namespaces);
        (
            found with
            {
                SecretHash = wanted.SecretHash,
                Source = found.Source with { Namespaces = wanted.Source.Namespaces },
            }
        ).ShouldBe(wanted);
    }
}
