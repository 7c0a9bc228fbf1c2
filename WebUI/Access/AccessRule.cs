using Microsoft.AspNetCore.Builder;

namespace Backup.WebUI.Access;

/// <summary>Who may call an endpoint. Each one has exactly one rule: the server does not start otherwise.</summary>
internal sealed record AccessRule(AccessLevel Level)
{
    /// <summary>Of <see cref="AccessLevel.Group"/>.</summary>
    public Permission Permission { get; init; }

    /// <summary>The password is asked again, of sessions.</summary>
    public bool IsConfirmed { get; init; }

    /// <summary>What it is called in the audit, as a dotted word; null: nothing is changed by it, or its work writes its own records.</summary>
    public string? Action { get; init; }

    /// <summary>Its answer holds a secret that is shown once: it is not kept to be repeated.</summary>
    public bool TellsSecret { get; init; }
}

internal enum AccessLevel
{
    /// <summary>Everybody, without signing in.</summary>
    Open,

    /// <summary>Whoever is signed in.</summary>
    SignedIn,

    /// <summary>Administrators of the appliance.</summary>
    Administrator,

    /// <summary>Members of the group in the path with the permission.</summary>
    Group,

    /// <summary>The owner of the appliance's host, over its own socket; nobody over the network, whatever they are.</summary>
    Host,
}

/// <summary>How endpoints say who may call them.</summary>
internal static class AccessRules
{
    public static T Open<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new AccessRule(AccessLevel.Open));

    public static T SignedIn<T>(this T endpoint, string? action = null, bool confirmed = false, bool secret = false)
        where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(
            new AccessRule(AccessLevel.SignedIn)
            {
                Action = action,
                IsConfirmed = confirmed,
                TellsSecret = secret,
            }
        );

    public static T Administrators<T>(this T endpoint, string? action = null, bool confirmed = false)
        where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRule(AccessLevel.Administrator) { Action = action, IsConfirmed = confirmed });

    /// <summary>What would let a stranger in, or reads files of the host.</summary>
    public static T OfHost<T>(this T endpoint, string? action = null, bool secret = false)
        where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessRule(AccessLevel.Host) { Action = action, TellsSecret = secret });

    /// <param name="endpoint">Its path has <c>{group}</c>.</param>
    /// <param name="permission">What it needs there.</param>
    /// <param name="action">As <see cref="AccessRule.Action"/>.</param>
    /// <param name="confirmed">As <see cref="AccessRule.IsConfirmed"/>.</param>
    /// <param name="secret">As <see cref="AccessRule.TellsSecret"/>.</param>
    public static T Needs<T>(
        this T endpoint,
        Permission permission,
        string? action = null,
        bool confirmed = false,
        bool secret = false
    )
        where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(
            new AccessRule(AccessLevel.Group)
            {
                Permission = permission,
                Action = action,
                IsConfirmed = confirmed,
                TellsSecret = secret,
            }
        );
}
