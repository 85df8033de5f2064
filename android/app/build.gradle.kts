import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "dped.app"
    compileSdk = 36

    defaultConfig {
        applicationId = "dped.app"
        minSdk = 24
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    testOptions.unitTests {
        isIncludeAndroidResources = true
        // Robolectric opens file descriptors by reflection.
        all { it.jvmArgs("--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED") }
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

dependencies {
    // 1.4 is the last line with org.tensorflow.lite.Interpreter, and supports pages of 16 KB.
    implementation("com.google.ai.edge.litert:litert:1.4.2")
    implementation("com.google.ai.edge.litert:litert-gpu:1.4.2")
    implementation("com.google.ai.edge.litert:litert-gpu-api:1.4.2")
    testImplementation("junit:junit:4.13.2")
    // Android has org.json; the JVM of the core's tests does not.
    testImplementation("org.json:json:20260814")
    testImplementation("org.ow2.asm:asm:9.8")
    testImplementation("org.robolectric:robolectric:4.16.1")
}

// The networks that ship with the project. README.md says how to add other networks.
val copyModels by tasks.registering(Copy::class) {
    from(rootDir.resolve("../models/pretrained")) {
        include("*_256.tflite", "*_256.json", "*_256.png")
    }
    into(layout.projectDirectory.dir("src/main/assets/models"))
}

tasks.named("preBuild") { dependsOn(copyModels) }
