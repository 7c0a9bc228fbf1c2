using System.Globalization;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// How the tag of what a link leads to is kept: as it is, and from when the bytes became others with how often they did so behind a dot. Then nobody knows whose
/// start a client has that asks for a part without a condition, also when the catalogue knows the new bytes alone.
/// </summary>
internal static class ContentTag
{
    private const char Dot = '.';

    /// <summary>The tag alone, as clients see it.</summary>
    internal static string Of(LinkContent content) => content.Tag.Split(Dot)[0];

    /// <summary>Whether the link has led to other bytes before.</summary>
    internal static bool HasChanged(LinkContent content) => content.Tag.Contains(Dot);

    /// <summary>Writes down what the link leads to now, where that is new.</summary>
    /// <param name="links">The catalogue's.</param>
    /// <param name="link">As it was found.</param>
    /// <param name="tag">Of what was opened: letters and digits.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The tag as it is kept.</returns>
    internal static async Task<string> KeepAsync(
        IDownloadLinks links,
        DownloadLink link,
        string tag,
        CancellationToken cancellation
    )
    {
        if (link.Content is { } found && Of(found) == tag)
        {
            return found.Tag;
        }

        // Somebody else may have written since it was found.
        var known = (await links.FindAsync(link.Id, cancellation))?.Content;
        var kept =
            known is null ? tag
            : Of(known) == tag ? known.Tag
            : string.Create(CultureInfo.InvariantCulture, $"{tag}{Dot}{Changes(known) + 1}");
        await links.SetTagAsync(link.Id, kept, cancellation);
        return kept;
    }

    private static int Changes(LinkContent content) =>
        content.Tag.Split(Dot) is [_, var times]
        && int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : 0;
}
