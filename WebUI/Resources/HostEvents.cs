using System.Globalization;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>What happened to members, as the API shows it.</summary>
internal static class HostEvents
{
    public static HostEventView Of(HostEventRecord one) =>
        new(one.At, NameOf(one.Kind), one.Host, OrNull(one.Before), OrNull(one.Now), TextOf(one));

    private static string NameOf(HostEventKind kind) =>
        kind switch
        {
            HostEventKind.BecamePrimary => "became-primary",
            HostEventKind.NoPrimary => "no-primary",
            HostEventKind.Elected => "elected",
            HostEventKind.Role => "role",
            HostEventKind.Down => "down",
            HostEventKind.Up => "up",
            HostEventKind.Version => "version",
            HostEventKind.Restarted => "restarted",
            HostEventKind.Added => "added",
            HostEventKind.Removed => "removed",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    private static string TextOf(HostEventRecord one) =>
        one.Kind switch
        {
            HostEventKind.BecamePrimary when one.Before.Length == 0 =>
                $"{one.Host} became the primary; there was none.",
            HostEventKind.BecamePrimary => $"{one.Host} became the primary in the place of {one.Before}.",
            HostEventKind.NoPrimary => $"There is no primary any more; {one.Host} was it.",
            HostEventKind.Elected => $"{one.Host} was elected again: term {one.Now} after {one.Before}.",
            HostEventKind.Role => $"{one.Host} is {one.Now}; it was {one.Before}.",
            HostEventKind.Down => $"{one.Host} cannot be reached; it was {one.Before}.",
            HostEventKind.Up => $"{one.Host} can be reached again: {one.Now}.",
            HostEventKind.Version => $"{one.Host} runs MongoDB {one.Now}; it ran {one.Before}.",
            HostEventKind.Restarted => $"{one.Host} was started anew, {Up(one.Now)} before.",
            HostEventKind.Added => $"{one.Host} was added: {one.Now}.",
            _ => $"{one.Host} was removed.",
        };

    private static string Up(string seconds) =>
        long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var up) ? $"{up} s" : "some time";

    private static string? OrNull(string text) => text.Length == 0 ? null : text;
}
