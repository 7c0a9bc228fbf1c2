using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>
/// Holds every request of the API against the rule of its endpoint, before anything of it is read or done, and writes down what was changed and what was refused.
/// </summary>
/// <param name="callers">Who it is from.</param>
/// <param name="audit">Where it is written down.</param>
/// <param name="time">The clock.</param>
internal sealed class AccessGate(ICallers callers, IAudit audit, TimeProvider time)
{
    internal const string RequestHeader = "X-Backup-Request";
    private const string GroupValue = "group";
    private const int LongestSubject = 500;

    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<AccessRule>() is not { } rule)
        {
            // What the routing made itself says that there is no such route, or method, and nothing else.
            await (endpoint is RouteEndpoint ? throw Unruled(endpoint) : next(context));
            return;
        }

        Caller? caller = null;
        try
        {
            caller = await callers.FindAsync(context, context.RequestAborted);
            if (caller is not null)
            {
                context.Features.Set(caller);
            }

            Judge(context, rule, caller);
        }
        catch (BackupException refusal)
            when (refusal.Number is WebUIErrors.NotAllowed or WebUIErrors.HostAlone && caller is not null)
        {
            await RecordAsync(context, rule.Action ?? "api.read", caller, AuditOutcomes.Refused, refusal.Code);
            throw;
        }

        context.Features.Set(new AccessCheck(token => StillAsync(context, rule, token)));
        using var actor = AuditActor.Begin(caller?.Name ?? "nobody", AddressOf(context), GroupOf(context));
        await DoAsync(context, next, rule, caller);
    }

    private static InvalidOperationException Unruled(Endpoint endpoint) =>
        new($"{endpoint.DisplayName} has no rule of access.");

    private async Task DoAsync(HttpContext context, RequestDelegate next, AccessRule rule, Caller? caller)
    {
        if (rule.Action is not { } action || caller is null)
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (BackupException failure)
        {
            await RecordAsync(context, action, caller, AuditOutcomes.Failed, failure.Code);
            throw;
        }

        await RecordAsync(context, action, caller, AuditOutcomes.Ok, null);
    }

    private async Task<bool> StillAsync(HttpContext context, AccessRule rule, CancellationToken cancellation)
    {
        try
        {
            Judge(context, rule, await callers.FindAsync(context, cancellation));
            return true;
        }
        catch (BackupException refusal) when (!refusal.IsTransient)
        {
            return false;
        }
    }

    private void Judge(HttpContext context, AccessRule rule, Caller? caller)
    {
        if (caller?.Kind is not (CallerKind.Token or CallerKind.Host) && !HttpMethods.IsGet(context.Request.Method))
        {
            // What is open to everybody too: signing somebody in without their knowing is an attack as well.
            RequireOwnPages(context.Request);
        }

        if (rule.Level == AccessLevel.Open)
        {
            return;
        }

        if (caller is null)
        {
            throw WebUIErrors.SignIn();
        }

        if (rule.Level == AccessLevel.Host && caller.Kind != CallerKind.Host)
        {
            throw WebUIErrors.OfHostAlone();
        }

        if (rule.Level == AccessLevel.Administrator && !caller.IsAdministrator)
        {
            throw WebUIErrors.Administrators();
        }

        if (rule.Level == AccessLevel.Group)
        {
            var group = GroupOf(context);
            if (group is null || !caller.Groups.TryGetValue(group, out var may))
            {
                throw WebUIErrors.Nothing("such group");
            }

            if (!may.HasFlag(rule.Permission))
            {
                throw WebUIErrors.Forbidden(rule.Permission.ToString().ToLowerInvariant());
            }
        }

        if (
            rule.IsConfirmed
            && caller.Kind == CallerKind.Session
            && !(caller.ConfirmedUntil is { } until && time.GetUtcNow() < until)
        )
        {
            throw WebUIErrors.Confirm();
        }
    }

    private static void RequireOwnPages(HttpRequest request)
    {
        if (request.Headers[RequestHeader] is not ["1"])
        {
            throw WebUIErrors.Foreign($"it has no header {RequestHeader}");
        }

        var origin = request.Headers.Origin;
        if (origin.Count > 0 && origin != $"{request.Scheme}://{request.Host}")
        {
            throw WebUIErrors.Foreign("its Origin is another one");
        }

        var site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0 && site != "same-origin")
        {
            throw WebUIErrors.Foreign("the browser says that it is from another site");
        }
    }

    /// <summary>Also where nobody waits any more: it was done.</summary>
    private Task RecordAsync(HttpContext context, string action, Caller caller, string outcome, string? code) =>
        audit.AddAsync(
            new AuditRecord(time.GetUtcNow(), caller.Name, AddressOf(context), action, SubjectOf(context), outcome)
            {
                Code = code,
                GroupId = GroupOf(context),
            },
            CancellationToken.None
        );

    /// <summary>What the handler said, or the ids of the path.</summary>
    private static string SubjectOf(HttpContext context)
    {
        var subject =
            context.Features.Get<AuditSubject>()?.Text
            ?? string.Join(
                ", ",
                context
                    .Request.RouteValues.Where(static one => one is { Key: not "secret", Value: string })
                    .OrderBy(static one => one.Key != GroupValue)
                    .Select(static one => $"{one.Key} {one.Value}")
            );
        return subject.Length > LongestSubject ? string.Concat(subject.AsSpan(0, LongestSubject), "…") : subject;
    }

    private static string? GroupOf(HttpContext context) => context.GetRouteValue(GroupValue) as string;

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "local";
}

/// <summary>What an audit record is about, where the path does not say it.</summary>
internal sealed record AuditSubject(string Text);
