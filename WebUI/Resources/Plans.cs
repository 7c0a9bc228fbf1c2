using System.Globalization;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>Turns what the API is asked for into what the desks are asked for: subjects by their ids, seconds as numbers.</summary>
internal static class Plans
{
    /// <exception cref="Foundation.Errors.BackupException">8601 where more than one moment is named.</exception>
    public static LinkRequest Of(LinkPlan plan, string subject)
    {
        RequireOneMoment(plan);
        return new LinkRequest(
            subject,
            plan.Snapshot,
            plan.Optime,
            SecondOf(plan),
            plan.Namespaces,
            plan.Format,
            plan.Gzip,
            plan.Seconds,
            plan.Uses,
            plan.Checksum
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">8601 where more than one moment is named.</exception>
    public static ServeRequestView Of(ServePlan plan, string subject)
    {
        RequireOneMoment(plan);
        return new ServeRequestView(
            subject,
            plan.Snapshot,
            plan.Optime,
            SecondOf(plan),
            plan.Namespaces,
            plan.Address,
            plan.Port,
            plan.Seconds,
            plan.User,
            plan.Password,
            plan.Tls
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">8601 where more than one moment is named.</exception>
    public static PushRequest Of(PushPlan plan, string subject)
    {
        RequireOneMoment(plan);
        return new PushRequest(
            subject,
            plan.Snapshot,
            plan.Optime,
            SecondOf(plan),
            plan.Namespaces,
            plan.Target,
            plan.Subfolder,
            plan.Files,
            plan.Gzip,
            plan.ChecksSpace,
            plan.KeepsPart
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">8601 where more than one moment is named.</exception>
    public static TargetRequest Of(IntoPlan plan, string subject)
    {
        RequireOneMoment(plan);
        return new TargetRequest(
            subject,
            plan.Snapshot,
            plan.Optime,
            SecondOf(plan),
            plan.Namespaces,
            plan.Uri,
            plan.Drop,
            plan.Parallelism,
            plan.Resume,
            plan.Renames,
            plan.Users,
            plan.Counted,
            plan.DryRun
        );
    }

    private static void RequireOneMoment(RestorePlan plan)
    {
        if ((plan.Snapshot is null ? 0 : 1) + (plan.Optime is null ? 0 : 1) + (plan.Time is null ? 0 : 1) > 1)
        {
            throw WebUIErrors.TwoMoments();
        }
    }

    private static string? SecondOf(RestorePlan plan) =>
        plan.Time?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}
