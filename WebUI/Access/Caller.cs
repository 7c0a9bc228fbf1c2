using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Access;

/// <summary>How a caller proved who it is.</summary>
public enum CallerKind
{
    /// <summary>The cookie of a session: sent by a browser without being asked, so changes need more than it.</summary>
    Session,

    /// <summary>An API token in the header Authorization.</summary>
    Token,

    /// <summary>The connection itself: it came over a socket that only the owner of the appliance's host can open.</summary>
    Host,
}

/// <summary>Whoever a request is from.</summary>
/// <param name="Id">Of the user or of the API token; never both spell the same.</param>
/// <param name="Name">For the audit: <c>user ann@example.org</c>, <c>token NAME</c>, or <c>host</c>.</param>
/// <param name="Kind">How that was proved.</param>
/// <param name="Groups">By the group's id, what may be done there; other groups are not there for this caller.</param>
public sealed record Caller(string Id, string Name, CallerKind Kind, IReadOnlyDictionary<string, Permission> Groups)
{
    /// <summary>Of the appliance as a whole.</summary>
    public bool IsAdministrator { get; init; }

    /// <summary>May do what is the appliance's as a whole: an administrator, or the host itself.</summary>
    public bool IsOfAppliance => IsAdministrator || Kind == CallerKind.Host;

    /// <summary>Of a session: its id, no secret.</summary>
    public string? SessionId { get; init; }

    /// <summary>The group that a caller means who names none: an API token's only one, the host's own. Null of sessions.</summary>
    public string? Home { get; init; }

    /// <summary>Until then what asks for the password again need not ask. Null: it has to. Tokens and the host are never asked.</summary>
    public DateTimeOffset? ConfirmedUntil { get; init; }

    /// <summary>Ids of the groups where that may be done.</summary>
    public IReadOnlySet<string> GroupsWith(Permission permission) =>
        Groups
            .Where(one => one.Value.HasFlag(permission))
            .Select(static one => one.Key)
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>Handlers take their caller as a parameter; the rule of the endpoint has seen to it that there is one.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo _) =>
        ValueTask.FromResult(context.Features.Get<Caller>());
}

/// <summary>Finds out who a request is from.</summary>
public interface ICallers
{
    /// <returns>Null where nothing is sent that proves it, or what is sent proves nothing (any more).</returns>
    ValueTask<Caller?> FindAsync(HttpContext context, CancellationToken cancellation);
}
