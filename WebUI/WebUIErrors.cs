using Backup.Foundation.Errors;

namespace Backup.WebUI;

/// <summary>Errors 8500 to 8799.</summary>
public static partial class WebUIErrors
{
    public const int NotSignedIn = 8500;
    public const int ForeignRequest = 8502;
    public const int NotFound = 8503;
    public const int NotAllowed = 8504;
    public const int ConfirmationNeeded = 8505;
    public const int NoRoute = 8506;
    public const int NoMethod = 8507;
    public const int BodyWrong = 8508;
    public const int BodyTooLarge = 8509;
    public const int KeyWrong = 8510;
    public const int KeyReused = 8511;
    public const int KeyInWork = 8512;
    public const int KeyAnswered = 8513;
    public const int PageWrong = 8514;
    public const int MediaTypeWrong = 8515;
    public const int TooMany = 8516;
    public const int HostUnknown = 8517;
    public const int NotFoundYet = 8518;
    public const int Malformed = 8519;
    public const int OnlyReplicaSets = 8600;
    public const int SeveralMoments = 8601;
    public const int RestoreNotJob = 8602;
    public const int Unexpected = 8599;

    /// <param name="id">Of the job, and of the restore.</param>
    public static BackupException IsRestore(string id) =>
        new(
            RestoreNotJob,
            "This is a restore, which needs the permission to restore.",
            $"Use the same word below …/restores/{id}."
        );

    public static BackupException SignIn() =>
        new(
            NotSignedIn,
            "Nobody is signed in.",
            "Sign in, or send an API token: Authorization: Bearer bkt_…. A token or session that is expired or revoked opens nothing."
        );

    public static BackupException Foreign(string why) =>
        new(
            ForeignRequest,
            $"The request does not come from the pages of this appliance: {why}.",
            "A request that changes something with the cookie of a session needs the header 'X-Backup-Request: 1' and no foreign Origin. Programs use an API token instead."
        );

    /// <summary>The same for what is not there and for what is another group's.</summary>
    public static BackupException Nothing(string what) =>
        new(NotFound, $"There is no {what}.", "Look at the list that it should be in; it may have been removed.");

    public static BackupException Forbidden(string permission) =>
        new(
            NotAllowed,
            $"Your role in this group does not allow this: it needs the permission '{permission}'.",
            "Ask an owner of the group for a role that has it; docs/people.md has the table."
        );

    public static BackupException Administrators() =>
        new(
            NotAllowed,
            "Only an administrator of the appliance may do this.",
            "Ask one of them; 'backup people' on the appliance's host lists them."
        );

    public static BackupException Confirm() =>
        new(
            ConfirmationNeeded,
            "This asks for your password again.",
            "Send it, with the code of your second factor where you have one, to POST /api/v1/session/confirm; that is good for five minutes."
        );

    public static BackupException NoSuchRoute() =>
        new(NoRoute, "There is no such route.", "GET /api/v1/openapi.json describes all of them.");

    public static BackupException NoSuchMethod(string method) =>
        new(
            NoMethod,
            $"The route does not take {method}.",
            "The header Allow of this answer names what it takes; GET /api/v1/openapi.json describes it."
        );

    public static BackupException Body(string why, string? field = null) =>
        new(
            BodyWrong,
            $"The body of the request is not what the route takes: {why}",
            "GET /api/v1/openapi.json describes it."
        )
        {
            Field = field,
        };

    public static BackupException TooLarge(long most) =>
        new(BodyTooLarge, $"The body of the request is longer than {most} bytes.", "Send less.");

    public static BackupException Key() =>
        new(KeyWrong, "The Idempotency-Key is none.", "Send 1 to 64 visible ASCII characters, for example a UUID.");

    public static BackupException KeyOfAnother() =>
        new(
            KeyReused,
            "The Idempotency-Key was sent before, with another request.",
            "Make a new key for each thing that is to be done; repeat it only with the very same request."
        );

    public static BackupException KeyBusy() =>
        new(
            KeyInWork,
            "The first request with this Idempotency-Key is still in work, or broke off.",
            "Look whether what it asks for is there; ask again later with the same key.",
            transient: true
        );

    public static BackupException KeyDone() =>
        new(
            KeyAnswered,
            "The request with this Idempotency-Key was carried out, and its answer held a secret that is shown once.",
            "What it made is in its list. Where the secret is lost, remove it and make another one with a new key."
        );

    public static BackupException Page(string name, string what) =>
        new(
            PageWrong,
            $"The parameter '{name}' is not {what}.",
            "Leave it out, or take what the answer before gave as 'next'."
        )
        {
            Field = name,
        };

    public static BackupException MediaType() =>
        new(MediaTypeWrong, "The body of the request is no JSON.", "Send Content-Type: application/json.");

    /// <param name="seconds">Until it is worth another try.</param>
    public static BackupException Slower(int seconds)
    {
        var failure = new BackupException(
            TooMany,
            "Too many requests.",
            $"Wait {seconds} s and try again.",
            transient: true
        );
        failure.Data["seconds"] = seconds;
        return failure;
    }

    public static BackupException Host(string host) =>
        new(
            HostUnknown,
            $"This appliance is not called '{host}'.",
            "Use a name that its certificate has, or start it with --name NAME."
        );

    /// <param name="deployment">Its name.</param>
    public static BackupException Undiscovered(string deployment) =>
        new(
            NotFoundYet,
            $"No agent has found out yet what '{deployment}' is.",
            "Wait a few seconds; if it stays so, look at the agents: one has to be connected and to reach the deployment.",
            transient: true
        );

    /// <param name="cluster">Its name.</param>
    public static BackupException OfReplicaSets(string cluster) =>
        new(OnlyReplicaSets, $"'{cluster}' is a sharded cluster.", "Name the deployment of one of its shards.");

    public static BackupException TwoMoments() =>
        new(
            SeveralMoments,
            "A snapshot, an optime and a time are three ways to say of when.",
            "Send one of 'snapshot', 'optime' and 'time', or none for the newest snapshot."
        )
        {
            Field = "snapshot",
        };

    public static BackupException MalformedRequest(string why) =>
        new(Malformed, $"The request is malformed: {why}", "Send a request as HTTP has it.");

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            $"The web server failed at something that it does not know: {inner.GetType().Name}.",
            "This is a defect. The log of the appliance has the details; report it with them.",
            inner: inner
        );
}
