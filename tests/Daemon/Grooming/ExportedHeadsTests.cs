using Backup.Daemon.Grooming;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Grooming;

/// <summary>A groom beside exports of the catalogue: on what the newest ones say that heads stand is kept.</summary>
public sealed class ExportedHeadsTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();
    private DaemonFixture _stores = null!;

    private IMetadataStore Metadata => _stores.Metadata;

    public async Task InitializeAsync()
    {
        _stores = await DaemonFixture.CreateAsync();
        await _stores.Groomer.StopAsync();
        await _stores.Source.RegisterAsync();
        await MoveHeadAsync(1);
    }

    public async Task DisposeAsync()
    {
        await _stores.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Who_asks_what_is_needed_while_one_is_made_is_told_of_its_heads()
    {
        Task<IReadOnlyList<string>> asked = null!;
        await ExportsOf("one")
            .NoteAsync(async () =>
            {
                await MoveHeadAsync(2);
                var made = await ExportAsync();
                // Nothing but the export refers to it from now on.
                await MoveHeadAsync(3);
                asked = NeededAsync();
                (await Task.WhenAny(asked, Task.Delay(1000))).ShouldNotBe(asked, "it is not known yet");
                return made;
            });
        (await asked).ShouldBe([Block(2), Block(3)], ignoreOrder: true);
        (await NeededAsync()).ShouldBe([Block(2), Block(3)], ignoreOrder: true);
    }

    [Fact]
    public async Task The_newest_of_each_maker_counts_and_that_of_one_who_went_away_for_three_days()
    {
        await ExportsOf("one").NoteAsync(ExportAsync);
        await MoveHeadAsync(2);
        await Task.WhenAll(ExportsOf("one").NoteAsync(ExportAsync), ExportsOf("two").NoteAsync(ExportAsync));
        await MoveHeadAsync(3);
        await ExportsOf("two").NoteAsync(ExportAsync);
        (await NeededAsync()).ShouldBe([Block(2), Block(3)], ignoreOrder: true);

        _time.Advance(ExportedHeads.LongestKept);
        await MoveHeadAsync(4);
        await ExportsOf("two").NoteAsync(ExportAsync);
        (await NeededAsync()).ShouldBe([Block(4)]);
    }

    [Fact]
    public async Task One_that_takes_longer_than_it_is_waited_for_is_made_anew()
    {
        var made = 0;
        await ExportsOf("one")
            .NoteAsync(async () =>
            {
                var export = await ExportAsync();
                if (++made == 1)
                {
                    await MoveHeadAsync(2);
                    var asked = NeededAsync();
                    await Task.Delay(50);
                    _time.Advance(ExportedHeads.LongestExport);
                    (await asked).ShouldBe([Block(2)], "it may be that of a process that died");
                }

                return export;
            });
        made.ShouldBe(2);
        await MoveHeadAsync(3);
        (await NeededAsync()).ShouldBe([Block(2), Block(3)], ignoreOrder: true);
    }

    [Fact]
    public async Task One_that_fails_keeps_nobody_waiting_and_those_of_before_count()
    {
        await ExportsOf("one").NoteAsync(ExportAsync);
        await MoveHeadAsync(2);
        await Should.ThrowAsync<IOException>(() =>
            ExportsOf("one").NoteAsync(() => throw new IOException("The disk is full."))
        );
        (await NeededAsync()).ShouldBe([Block(1), Block(2)], ignoreOrder: true);
    }

    [Fact]
    public async Task A_mark_that_an_import_brings_back_and_one_of_a_process_that_died_keep_nobody_waiting()
    {
        var marked = "";
        await ExportsOf("one")
            .NoteAsync(async () =>
            {
                marked = (await Metadata.Settings.FindAsync("metadata.export.marks"))!;
                return await ExportAsync();
            });
        await Metadata.Settings.SetAsync("metadata.export.marks", marked);
        await ExportsOf("two").ForgetOwnMarkAsync();
        var asked = NeededAsync();
        (await Task.WhenAny(asked, Task.Delay(500))).ShouldNotBe(asked, "it may be one that is being made by another");
        await ExportsOf("one").ForgetOwnMarkAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await asked;

        await Metadata.Settings.SetAsync("metadata.export.marks", marked);
        await ExportedHeads.ForgetMarksAsync(Metadata.Settings);
        await NeededAsync();
    }

    private static string Block(int n) => n.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    private ExportedHeads ExportsOf(string maker) => new(Metadata, maker, _time);

    private Task<MetadataExport> ExportAsync() => Metadata.ExportAsync(_folder.File($"{Guid.NewGuid():N}"));

    private async Task<IReadOnlyList<string>> NeededAsync() =>
        [
            .. (await new StoreRoots(Metadata, _stores.Blocks, _time).ListAsync())
                .Select(static one => one.Id.ToString())
                .Distinct(),
        ];

    private Task MoveHeadAsync(int to)
    {
        var at = new Optime((uint)(100 + to), 1, 1);
        return Metadata.Heads.SetAsync(
            new HeadRecord("r1", "sync", Block(to), at, at, Consistent: true, 0, _time.GetUtcNow())
        );
    }
}
