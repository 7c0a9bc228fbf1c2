using Backup.Metadata.Exports;
using Backup.Metadata.Mongo.Exports;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    /// <summary>
    /// After every test, with whatever it has stored: the export has it all, a file that is made of it has it all, and its rows are those of documents that are made
    /// of them.
    /// </summary>
    private async Task ShouldBeExportedWholeAsync()
    {
        using var folder = new TemporaryFolder();
        var export = folder.File("export");
        await Store.ExportAsync(export);
        var rows = ExportedRows.Of(export);
        ExportedRows.OfFileMadeOf(export, folder.File("made.db")).Lines().ShouldBe(rows.Lines());
        foreach (
            var map in TableMaps.Plain.Append(TableMaps.DueSpans).Append(TableMaps.Syncs).Append(TableMaps.HeadLeases)
        )
        {
            foreach (var row in rows.Tables[map.Table])
            {
                var values = map.Names.Select(name => row[name]).ToArray();
                var again = map.Row(map.Document(values));
                ExportedRows
                    .Text(Named(map.Names, again))
                    .ShouldBe(ExportedRows.Text(Named(map.Names, values)), map.Table);
            }
        }
    }

    [Fact]
    public async Task An_export_is_of_one_moment_and_counts_what_is_in_it()
    {
        using var folder = new TemporaryFolder();
        var group = await GroupAsync();
        await Store.Settings.SetAsync("a", "b");
        var export = await Store.ExportAsync(folder.File("export"));
        (export.MadeAt, export.Bytes).ShouldBe((Time.GetUtcNow(), new FileInfo(folder.File("export")).Length));
        var rows = ExportedRows.Of(folder.File("export"));
        export.Rows.ShouldBe(rows.Tables.Sum(table => table.Value.Count));
        rows.Tables["groups"].ShouldHaveSingleItem()["id"].ShouldBe(group.Id);
        rows.Tables["settings"].ShouldHaveSingleItem()["value"].ShouldBe("b");
        File.GetUnixFileMode(folder.File("export")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        await using var import = await StagedImport.CreateAsync(folder.File("export"), folder.File("m.db"), Time);
        (await (await import.OpenAsync()).Access.EnsureGroupAsync("default")).ShouldBe(group);
        import.Export.ShouldBe(export with { Heads = import.Export.Heads });
    }

    private static Dictionary<string, object?> Named(string[] names, object?[] values) =>
        names.Zip(values).ToDictionary(static one => one.First, static one => one.Second, StringComparer.Ordinal);
}
