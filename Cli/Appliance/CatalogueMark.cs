using System.Text;
using Backup.Foundation.Files;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>
/// The file <c>blocks/catalogue</c>: the id of the catalogue that the blocks belong to. With another catalogue, say an empty one after its disk was lost, a groom would
/// find that nobody needs any of them.
/// </summary>
internal static class CatalogueMark
{
    private const string Setting = "catalogue.id";

    /// <summary>The id of a catalogue, made where it has none.</summary>
    internal static Task<string> IdAsync(ISettings settings, CancellationToken cancellation) =>
        settings.EnsureAsync(Setting, Guid.NewGuid().ToString("D"), cancellation);

    /// <summary>Marks blocks that have no mark yet.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9740 where they belong to another catalogue.</exception>
    internal static async Task RequireAsync(string blocks, ISettings settings, CancellationToken cancellation)
    {
        var id = await IdAsync(settings, cancellation);
        var path = PathOf(blocks);
        if (!File.Exists(path))
        {
            Set(blocks, id);
        }
        else if (await ReadAsync(path, cancellation) != id)
        {
            throw CliErrors.AnotherCatalogue(blocks, Path.Combine(blocks, MetadataExports.FolderName));
        }
    }

    /// <summary>Whether the blocks belong to that catalogue, or to none.</summary>
    internal static async Task<bool> FitsAsync(string blocks, ISettings settings, CancellationToken cancellation) =>
        !File.Exists(PathOf(blocks))
        || await settings.FindAsync(Setting, cancellation) is not { } id
        || await ReadAsync(PathOf(blocks), cancellation) == id;

    /// <summary>The blocks belong to that catalogue from now on.</summary>
    internal static void Set(string blocks, string id)
    {
        // The store makes it when it is opened, which is later.
        DurableFile.CreateFolder(blocks);
        DurableFile.Write(PathOf(blocks), Encoding.UTF8.GetBytes(id + "\n"));
    }

    private static string PathOf(string blocks) => Path.Combine(blocks, "catalogue");

    private static async Task<string> ReadAsync(string path, CancellationToken cancellation) =>
        (await File.ReadAllTextAsync(path, cancellation)).Trim();
}
